# How fast do the CPUs run? x86 tells it in /proc/cpuinfo, others in cpufreq (in kHz).
limit=${CHECK_MINIMUM_MEGAHERTZ:-2000}
shown=50

frequencies() {
    awk -F ':' '/^processor/ { cpu = "cpu" ($2 + 0) } /^cpu MHz/ { printf "%.3f %s\n", $2, cpu }' "${PROC:-/proc}/cpuinfo" 2> /dev/null | grep . ||
        for file in "${SYS:-/sys}"/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq; do
            cpu=${file%/cpufreq/*}
            awk -v cpu="${cpu##*/}" '{ printf "%.3f %s\n", $1 / 1000, cpu }' "$file" 2> /dev/null
        done
}

mhz=$(frequencies)
if [ -z "$mhz" ]; then
    echo "caseName:cpu-frequency, caseDesc:, result:unknown, resultDesc:neither cpuinfo nor cpufreq tells how fast the CPUs run"
    exit 0
fi
sort -k1,1n <<< "$mhz" | awk -v limit="$limit" -v shown="$shown" '
    { result = $1 < limit ? "fail" : "success"; count[result]++ }
    NR > shown { more++; next }
    { advice = result == "success" ? "" : ", remediation:" "look at the governor (cpupower frequency-info), the power profile of the firmware and temperatures" }
    { printf "caseName:cpu-frequency:%s, caseDesc:, result:%s%s, resultDesc:%.0f MHz, at least %d MHz\n", $2, result, advice, $1, limit }
    END { if (more) printf "caseName:cpu-frequency, caseDesc:, result:info, resultDesc:and %d more, faster; of all %d fail\n", more, count["fail"] }'
