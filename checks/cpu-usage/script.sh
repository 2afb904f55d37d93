# How busy are the CPUs? Two samples of /proc/stat: the mean since boot says nothing about now. Waiting for I/O is idle.
limit=${CHECK_LIMIT_PERCENT:-80} warn=${CHECK_WARN_PERCENT:-0} each=${CHECK_EACH:-true}
shown=50

sample() {
    awk '/^cpu/ { total = 0; for (i = 2; i <= 9; i++) total += $i; print $1 == "cpu" ? "all" : $1, total, $5 + $6 }' \
        "${PROC:-/proc}/stat"
}

# A line a CPU: how busy it was in percent, and its name. Its second line is later.
usage=$({ sample; sleep "${CHECK_SECONDS:-1}"; sample; } 2> /dev/null | awk -v each="$each" '
    each != "true" && $1 != "all" { next }
    !($1 in total) { total[$1] = $2; idle[$1] = $3; next }
    $2 > total[$1] {
        busy = 100 * ($2 - total[$1] - $3 + idle[$1]) / ($2 - total[$1])
        print int(busy < 0 ? 0 : busy), $1
    }')

if [ -z "$usage" ]; then
    echo "caseName:cpu-usage, caseDesc:, result:unknown, resultDesc:${PROC:-/proc}/stat does not tell how busy the CPUs are"
    exit 0
fi
sort -k1,1nr <<< "$usage" | awk -v limit="$limit" -v warn="$warn" -v shown="$shown" '
    { result = $1 >= limit ? "fail" : warn && $1 >= warn ? "warn" : "success"; count[result]++ }
    NR > shown { more++; next }
    { advice = result == "success" ? "" : ", remediation:" "see what uses them (top -o %CPU): limit it, move it or add CPUs" }
    { printf "caseName:cpu-usage:%s, caseDesc:, result:%s%s, resultDesc:%d%% busy, limit %d%%\n", $2, result, advice, $1, limit }
    END { if (more) printf "caseName:cpu-usage, caseDesc:, result:info, resultDesc:and %d more, less busy; of all %d fail\n", more, count["fail"] }'
