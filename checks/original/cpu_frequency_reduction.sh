# 检查是否有CPU降频: 当前频率低于2000MHz的CPU
limit=2000

# 每行一个CPU的当前频率(MHz)。x86 在 /proc/cpuinfo 里, 其他架构在 cpufreq 里(kHz)。
frequencies() {
    awk '/^cpu MHz/ { print $NF }' "${PROC:-/proc}/cpuinfo" | grep . ||
        awk '{ printf "%.3f\n", $1 / 1000 }' /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq 2> /dev/null
}

mhz=$(frequencies)
count=$(awk -v limit="$limit" '$1 < limit { n++ } END { print n + 0 }' <<< "$mhz")
lowest=$(sort -n <<< "$mhz" | head -n 1)

if [ -z "$mhz" ]; then
    echo "caseName:无CPU降频, caseDesc:, result:unknown, resultDesc:读不到CPU的频率"
elif [ "$count" -gt 0 ]; then
    echo "caseName:无CPU降频, caseDesc:, result:fail, resultDesc:有${count}个CPU的频率低于${limit}MHz, 最低${lowest}MHz, 可能发生降频"
else
    echo "caseName:无CPU降频, caseDesc:, result:success, resultDesc:CPU频率都不低于${limit}MHz, 最低${lowest}MHz, 无降频"
fi
