"""Removing the iptables chains that kube-proxy made."""

from __future__ import annotations

import re
from pathlib import Path

from embedded import shell
from embedded.errors import ClusterError

_TOOLS = ("iptables", "ip6tables")


def remove(kube_proxy: Path) -> None:
    """Removes every KUBE-* chain. Only to be called where no other kube-proxy is at work on this machine."""
    if kube_proxy.exists():
        shell.succeeds([str(kube_proxy), "--cleanup"])
    # What its own cleaning leaves: empty chains by which it notices a flush of the tables.
    for tool in _TOOLS:
        try:
            saved = shell.run([f"{tool}-save"])
        except ClusterError:  # no IPv6 here
            continue
        commands = deletions(saved)
        if commands:
            shell.run([f"{tool}-restore", "--noflush", "--wait"], stdin=commands)


def deletions(saved: str) -> str:
    """From what iptables-save prints, the iptables-restore input that deletes all KUBE-* chains and jumps to them."""
    output: list[str] = []
    table, jumps, chains = "", [""], [""]
    for line in saved.splitlines():
        if line.startswith("*"):
            table, jumps, chains = line, [], []
        elif line.startswith(":KUBE-"):
            chains.append(line[1:].split()[0])
        elif re.search(r" -[jg] KUBE-", line) and not line.startswith("-A KUBE-"):
            jumps.append("-D" + line[2:])
        elif line == "COMMIT" and chains:
            flushes = [f"-F {chain}" for chain in chains]
            output += [table, *jumps, *flushes, *(f"-X {chain}" for chain in chains), "COMMIT"]
    return "".join(f"{line}\n" for line in output)
