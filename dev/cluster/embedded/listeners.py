"""Who listens on a TCP port: read from /proc, so that an error can name the process."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from embedded import processes

_LISTEN = "0A"
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - read, not bound


def taken(wanted: list[tuple[str, int]], ours: set[int]) -> list[str]:
    """The ports that something else has, each as `address:port (by program, pid N)`. `ours` are pids to pass over."""
    found = []
    for address, port in wanted:
        for inode in _inodes(address, port):
            pid = _owner(inode)
            if pid is None or pid not in ours:
                found.append(f"{address}:{port} ({_describe(pid)})")
    return sorted(set(found))


def _inodes(address: str, port: int, proc: Path = processes.PROC) -> list[str]:
    """The sockets that would stand in the way of listening on this address and port."""
    found = []
    for table in ("net/tcp", "net/tcp6"):
        path = proc / table
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            fields = line.split()
            local, state = fields[1], fields[3]
            host, _, number = local.rpartition(":")
            if state == _LISTEN and int(number, 16) == port:
                other = decode(host)
                if other == address or other in _EVERYWHERE or address in _EVERYWHERE:
                    found.append(fields[9])
    return found


def decode(hexadecimal: str) -> str:
    """An address as /proc/net/tcp spells it: 32-bit words in the machine's byte order (little endian)."""
    words = [bytes.fromhex(hexadecimal[start : start + 8])[::-1] for start in range(0, len(hexadecimal), 8)]
    address = ipaddress.ip_address(b"".join(words))
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def _owner(inode: str) -> int | None:
    wanted = f"socket:[{inode}]"
    for pid in processes.pids():
        folder = processes.PROC / str(pid) / "fd"
        try:
            if any(str(entry.readlink()) == wanted for entry in folder.iterdir()):
                return pid
        except OSError:
            continue
    return None


def _describe(pid: int | None) -> str:
    if pid is None:
        return "by a process that cannot be seen from here"
    program = (processes.command_line(pid) or ["?"])[0]
    return f"by {program}, pid {pid}"
