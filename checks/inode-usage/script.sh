# How many inodes of the file systems are in use? On a node (HOST_ROOT) those of the host, named as the host names them.
limit=${CHECK_LIMIT_PERCENT:-80} warn=${CHECK_WARN_PERCENT:-0}
types=${CHECK_IGNORE_TYPES-$(printf '%s\n' tmpfs devtmpfs overlay squashfs iso9660 udf efivarfs)}
root=${HOST_ROOT:-}
shown=50

# A line a file system, with tabs: percent in use, type, source, and where it is mounted.
systems() {
    df --output=ipcent,fstype,source,target "$@" 2> /dev/null | awk '
        $1 ~ /^[0-9]+%$/ {
            percent = $1 + 0; type = $2; $1 = $2 = ""; target = source = $0
            sub(/^.* \//, "/", target); source = substr(source, 3, length(source) - length(target) - 3)
            print percent "\t" type "\t" source "\t" target
        }'
}

# Of those mounted in several places the shortest name; of a node's pod only what is the host's.
mounted() {
    systems --all --local | types=$types awk -F '\t' -v root="$root" '
        BEGIN { n = split(ENVIRON["types"], list, "\n"); for (i = 1; i <= n; i++) ignored[list[i]] = 1 }
        $2 in ignored { next }
        root != "" && $4 != root && index($4, root "/") != 1 { next }
        { target = substr($4, length(root) + 1); if (target == "") target = "/" }
        !($3 in name) || length(target) < length(name[$3]) { name[$3] = target; percent[$3] = $1 }
        END { for (source in name) print percent[source] "\t" name[source] }'
}

# A line a path that was asked for; unknown where there is none.
named() {
    while IFS= read -r path; do
        percent=$(systems -- "$root$path" | cut -f 1)
        printf '%s\t%s\n' "${percent:-unknown}" "$path"
    done <<< "$CHECK_PATHS"
}

if [ -n "${CHECK_PATHS:-}" ]; then
    usage=$(named)
else
    usage=$(mounted)
    # A container may see its overlay alone: then the disk that this is on.
    [ -n "$usage" ] || usage=$(systems -- "$root/" | awk -F '\t' '{ print $1 "\t/" }')
fi
if [ -z "$usage" ]; then
    echo "caseName:inode-usage, caseDesc:, result:unknown, resultDesc:df does not tell how many inodes the file systems have"
    exit 0
fi
sort -k1,1nr <<< "$usage" | awk -F '\t' -v limit="$limit" -v warn="$warn" -v shown="$shown" '
    $1 == "unknown" { printf "caseName:inode-usage:%s, caseDesc:, result:unknown, resultDesc:there is no file system to be seen\n", $2; next }
    { result = $1 >= limit ? "fail" : warn && $1 >= warn ? "warn" : "success"; count[result]++ }
    ++n > shown { more++; next }
    { advice = result == "success" ? "" : ", remediation:" "see where most files are (du --inodes -x " $2 " | sort -n | tail) and remove what is old" }
    { printf "caseName:inode-usage:%s, caseDesc:, result:%s%s, resultDesc:%d%% of its inodes used, limit %d%%\n", $2, result, advice, $1, limit }
    END { if (more) printf "caseName:inode-usage, caseDesc:, result:info, resultDesc:and %d more, less used; of all %d fail\n", more, count["fail"] }'
