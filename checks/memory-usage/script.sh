# How much memory is in use? MemAvailable counts caches as free: they go when memory is needed.
limit=${CHECK_LIMIT_PERCENT:-80} warn=${CHECK_WARN_PERCENT:-0}
file=${PROC:-/proc}/meminfo

result=$(awk -v limit="$limit" -v warn="$warn" '
    /^MemTotal:/ { total = $2 }
    /^MemAvailable:/ { available = $2; known = 1 }
    END {
        if (total > 0 && known) {
            used = 100 * (total - available) / total
            result = used >= limit ? "fail" : warn && used >= warn ? "warn" : "success"
            advice = result == "success" ? "" : ", remediation:see what needs most (ps aux --sort=-rss | head): end it, limit it or add memory"
            printf "result:%s%s, resultDesc:%.1f%% in use, %d of %d MiB available, limit %d%%\n", result, advice, used, available / 1024, total / 1024, limit
        }
    }' "$file" 2> /dev/null)
echo "caseName:memory-usage, caseDesc:, ${result:-result:unknown, resultDesc:$file does not tell how much memory is available}"
