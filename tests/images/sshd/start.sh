#!/bin/bash
# Sets sshd up from what the pod mounts at /given, and becomes it. Runs as root: sshd has to become its users.
#
#   /given/<user>.password    the user's password (a user without one cannot log in by password)
#   /given/<user>.keys        its authorized_keys
#   /given/ssh_host_<type>_key  host keys; at least one
#   SSHD_OPTIONS              further lines of sshd_config; the first line for an option counts, so these win
#   USER_SHELL                the users' login shell (/bin/bash)
#
# Every login is a line `Accepted <method> for <user> …` of the pod's log. SFTP is off unless SSHD_OPTIONS has
# `Subsystem sftp internal-sftp`. It forwards TCP, so it can be a jump host, unless `AllowTcpForwarding no` is given.
set -euo pipefail

mkdir -p /run/sshd /etc/ssh/authorized
rm -f /etc/ssh/ssh_host_*
install -m 600 /given/ssh_host_*_key /etc/ssh/

for file in /given/*.password /given/*.keys; do
    [ -e "$file" ] || continue
    user=$(basename "${file%.*}")
    id "$user" > /dev/null 2>&1 || useradd --create-home "$user"
    usermod --shell "${USER_SHELL:-/bin/bash}" "$user"
    case $file in
        *.password) printf '%s:%s\n' "$user" "$(cat "$file")" | chpasswd ;;
        *.keys) install -m 644 "$file" "/etc/ssh/authorized/$user" ;;
    esac
done
# A locked account takes no key either, so one without a password gets one that nothing matches.
for file in /given/*.keys; do
    user=$(basename "${file%.*}")
    [ ! -e "$file" ] || [ -e "/given/$user.password" ] || usermod --password '*' "$user"
done

{
    printf '%s\n' "${SSHD_OPTIONS:-}"
    for key in /etc/ssh/ssh_host_*_key; do echo "HostKey $key"; done
    cat << 'CONFIG'
Port 2222
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
AuthorizedKeysFile /etc/ssh/authorized/%u
StrictModes no
LogLevel VERBOSE
UseDNS no
CONFIG
} > /etc/ssh/sshd_config

exec /usr/sbin/sshd -D -e
