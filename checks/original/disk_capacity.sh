# 检查是否有磁盘使用率大于等于80%
# 不看内存文件系统、容器的 overlay(它下面的磁盘另有一行), 以及总是装满的只读映像。一个磁盘挂载多次只算一次。
limit=80

# 每行一个磁盘: 使用率(整数)和名称
disks() {
    df --local --output=pcent,source \
        -x tmpfs -x devtmpfs -x overlay -x squashfs -x iso9660 -x udf -x efivarfs 2> /dev/null |
        awk '$1 ~ /^[0-9]+%$/ { percent = $1 + 0; $1 = ""; if (!seen[$0]++) print percent $0 }'
}

usage=$(disks)
# 容器里可能只看得到 overlay, 那就看根目录所在的磁盘
[ -n "$usage" ] || usage=$(df --output=pcent / 2> /dev/null | awk '$1 ~ /^[0-9]+%$/ { print $1 + 0, "/" }')

count=$(awk -v limit="$limit" '$1 >= limit { n++ } END { print n + 0 }' <<< "$usage")
full=$(sort -nr <<< "$usage" | awk -v limit="$limit" '$1 >= limit { percent = $1; $1 = ""; printf "%s%s %d%%", n++ ? "," : "", $0, percent }')
fullest=$(sort -nr <<< "$usage" | awk 'NR == 1 { percent = $1; $1 = ""; printf "%s %d%%", substr($0, 2), percent }')

if [ -z "$usage" ]; then
    echo "caseName:磁盘使用率小于80%, caseDesc:, result:unknown, resultDesc:读不到磁盘的使用率"
elif [ "$count" -gt 0 ]; then
    echo "caseName:磁盘使用率小于80%, caseDesc:, result:fail, resultDesc:有${count}个磁盘使用率大于等于${limit}%:${full}"
else
    echo "caseName:磁盘使用率小于80%, caseDesc:, result:success, resultDesc:磁盘使用率都小于${limit}%, 最高的是${fullest}"
fi
