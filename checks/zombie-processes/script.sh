# Which processes have ended and are not reaped? Every process is a zombie for a moment, so only those that stay count.
# In a pod these are the pod's own processes; on a node, with the host's process ids, the host's.
limit=${CHECK_LIMIT:-0}
shown=49 # and one line for all

zombies() {
    ps -eo stat=,pid=,ppid=,comm= | awk '$1 ~ /^Z/ { pid = $2; parent = $3; $1 = $2 = $3 = ""; print pid, parent $0 }'
}

if ! ps -eo stat=,pid=,ppid=,comm= > /dev/null 2>&1; then
    echo "caseName:zombie-processes, caseDesc:, result:unknown, resultDesc:there is no ps here that lists all processes"
    exit 0
fi
before=$(zombies)
sleep "${CHECK_SECONDS:-1}"
# Compared with the parent's id: a process id may have been given anew.
stay=$(grep -Fx -f <(printf '%s\n' "${before:-none}") <<< "$(zombies)")
count=$(grep -c . <<< "$stay")

result=success advice=
[ "$count" -gt "$limit" ] && result=fail advice=", remediation:restart their parents, which do not reap them; a container needs an init such as tini as process 1"
echo "caseName:zombie-processes, caseDesc:, result:$result$advice, resultDesc:$count zombies, limit $limit"
[ "$count" -eq 0 ] || awk -v shown="$shown" -v result="$([ $result = fail ] && echo warn || echo info)" '
    NR > shown { more++; next }
    { pid = $1; parent = $2; $1 = $2 = ""; sub(/^ +/, "")
      printf "caseName:zombie-processes:%s, caseDesc:, result:%s, resultDesc:%s is not reaped by its parent %s\n", pid, result, $0, parent }
    END { if (more) printf "caseName:zombie-processes, caseDesc:, result:info, resultDesc:and %d more\n", more }' <<< "$stay"
