# 检查每个cpu的使用率是否小于80%
# 取一秒内的两次 /proc/stat: 开机以来的平均值看不出现在是否繁忙。iowait 算作空闲。
limit=80

sample() {
    awk '/^cpu[0-9]/ { total = 0; for (i = 2; i <= 9; i++) total += $i; print $1, total, $5 + $6 }' "${PROC:-/proc}/stat"
}

# 每行一个cpu: 名称和使用率(整数)。同一个cpu第二次出现时算差值。
usage=$({ sample; sleep 1; sample; } | awk '
    !($1 in total) { total[$1] = $2; idle[$1] = $3; next }
    $2 > total[$1] {
        busy = 100 * ($2 - total[$1] - $3 + idle[$1]) / ($2 - total[$1])
        print $1, int(busy < 0 ? 0 : busy)
    }')

count=$(awk -v limit="$limit" '$2 >= limit { n++ } END { print n + 0 }' <<< "$usage")
busiest=$(sort -k2,2nr <<< "$usage" | head -n 1)

if [ -z "$usage" ]; then
    echo "caseName:cpu的使用率小于80%, caseDesc:, result:unknown, resultDesc:读不到cpu的使用率"
elif [ "$count" -gt 0 ]; then
    echo "caseName:cpu的使用率小于80%, caseDesc:, result:fail, resultDesc:有${count}个cpu的使用率大于等于${limit}%, 最高的是${busiest}%"
else
    echo "caseName:cpu的使用率小于80%, caseDesc:, result:success, resultDesc:cpu的使用率都小于${limit}%, 最高的是${busiest}%"
fi
