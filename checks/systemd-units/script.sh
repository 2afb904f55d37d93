# Which units has systemd given up? On a node (HOST_ROOT) the host's systemd is asked, in the host's file system.
root=${HOST_ROOT:-}
shown=50

unknown() {
    echo "caseName:systemd-units, caseDesc:, result:unknown, resultDesc:$1"
    exit 0
}

if [ -n "$root" ]; then
    [ -x "$root/usr/bin/systemctl" ] || [ -x "$root/bin/systemctl" ] || unknown "this host has no systemctl: it does not run systemd"
    # Else systemctl would see the chroot and do nothing.
    run() { SYSTEMD_IGNORE_CHROOT=1 chroot "$root" systemctl "$@"; }
else
    command -v systemctl > /dev/null || unknown "there is no systemctl here; in a pod, this check needs node access"
    run() { systemctl "$@"; }
fi

listed=$(run list-units --state=failed --all --no-legend --plain --no-pager 2>&1) ||
    unknown "systemctl could not ask systemd: $(head -c 300 <<< "$listed" | tr '\n' ' ')"
case $listed in
    *"Running in chroot"*) unknown "systemctl refused to ask the host's systemd: $(head -c 300 <<< "$listed" | tr '\n' ' ')" ;;
esac

count=0 ignored=0
while read -r unit _ _ _ description; do
    [ -n "$unit" ] || continue
    while IFS= read -r pattern; do
        # Unquoted on the right: it is a pattern.
        if [ -n "$pattern" ] && [[ $unit == $pattern ]]; then
            ignored=$((ignored + 1))
            continue 2
        fi
    done <<< "${CHECK_IGNORE:-}"
    count=$((count + 1))
    [ "$count" -le "$shown" ] && echo "caseName:systemd-units:$unit, caseDesc:, result:fail, remediation:journalctl -u $unit says why; systemctl restart $unit once that is settled, resultDesc:failed: $description"
done <<< "$listed"

if [ "$count" -eq 0 ]; then
    echo "caseName:systemd-units, caseDesc:, result:success, resultDesc:no unit has failed, $ignored ignored"
elif [ "$count" -gt "$shown" ]; then
    echo "caseName:systemd-units, caseDesc:, result:info, resultDesc:and $((count - shown)) more failed units"
fi
