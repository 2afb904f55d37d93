# 最简单的例子: CPU是否降频, 只看频率最低的那个CPU
# 每行一个CPU的当前频率(MHz)。x86 在 /proc/cpuinfo 里, 其他架构在 cpufreq 里(kHz)。
frequencies() {
    awk '/^cpu MHz/ { print $NF }' "${PROC:-/proc}/cpuinfo" | grep . ||
        awk '{ printf "%.3f\n", $1 / 1000 }' /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq 2> /dev/null
}

lowest=$(frequencies | sort -n | head -n 1)

if [ -z "$lowest" ]; then
    echo "caseName:CPU是否降频, caseDesc:, result:unknown, resultDesc:读不到CPU的频率"
elif [ "$(echo "$lowest < 2000" | bc)" -eq 1 ]; then
    echo "caseName:CPU是否降频, caseDesc:, result:fail, resultDesc:有CPU降频, 最低${lowest}MHz"
else
    echo "caseName:CPU是否降频, caseDesc:, result:success, resultDesc:无CPU降频, 最低${lowest}MHz"
fi
