# Is more waiting to run than the CPUs can take?
limit=${CHECK_LIMIT_PER_CPU:-2} warn=${CHECK_WARN_PER_CPU:-0} minutes=${CHECK_MINUTES:-5}
proc=${PROC:-/proc}

cpus=$(grep -c '^cpu[0-9]' "$proc/stat" 2> /dev/null)
# A load is a number; anything else is an average that can't be read.
result=$(awk -v cpus="$cpus" -v limit="$limit" -v warn="$warn" -v minutes="$minutes" '
    { load = minutes == 1 ? $1 : minutes == 5 ? $2 : $3 }
    cpus > 0 && load ~ /^[0-9.]+$/ {
        each = load / cpus
        result = each >= limit ? "fail" : warn > 0 && each >= warn ? "warn" : "success"
        advice = result == "success" ? "" : ", remediation:see what runs or waits for disks (top, vmstat 1): move it elsewhere or add CPUs"
        printf "result:%s%s, resultDesc:%.2f over %d minutes on %d CPUs, %.2f each, limit %s each\n", result, advice, load, minutes, cpus, each, limit
    }' "$proc/loadavg" 2> /dev/null)
echo "caseName:load-average, caseDesc:, ${result:-result:unknown, resultDesc:$proc/loadavg or $proc/stat cannot be read}"
