# 检查是否有僵尸进程
# 刚结束、父进程马上就会回收的不算: 隔一秒看两次, 两次都在的才是僵尸进程。
zombies() {
    ps -eo stat=,pid=,comm= | awk '$1 ~ /^Z/ { print $2, $3 }'
}

zombies=$({ zombies; sleep 1; zombies; } | sort | uniq -d)
count=$(grep -c . <<< "$zombies")

if [ "$count" -gt 0 ]; then
    names=$(head -n 5 <<< "$zombies" | awk '{ printf "%s%s(%s)", n++ ? ", " : "", $2, $1 }')
    echo "caseName:无僵尸进程, caseDesc:, result:fail, resultDesc:有${count}个僵尸进程: ${names}"
else
    echo "caseName:无僵尸进程, caseDesc:, result:success, resultDesc:无僵尸进程"
fi
