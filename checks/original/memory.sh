# 检查内存的使用率是否小于80%: 用 MemAvailable, 缓存不算用掉的内存
limit=80

used=$(awk '
    /^MemTotal:/ { total = $2 }
    /^MemAvailable:/ { available = $2; known = 1 }
    END { if (total > 0 && known) printf "%.1f", 100 * (total - available) / total }' "${PROC:-/proc}/meminfo")

if [ -z "$used" ]; then
    echo "caseName:内存的使用率小于80%, caseDesc:, result:unknown, resultDesc:读不到内存的使用率"
elif [ "$(echo "$used >= $limit" | bc)" -eq 1 ]; then
    echo "caseName:内存的使用率小于80%, caseDesc:, result:fail, resultDesc:内存的使用率是${used}%, 大于等于${limit}%"
else
    echo "caseName:内存的使用率小于80%, caseDesc:, result:success, resultDesc:内存的使用率是${used}%, 小于${limit}%"
fi
