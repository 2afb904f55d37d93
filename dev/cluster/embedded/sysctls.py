"""Kernel settings that a cluster changes: noted before, put back after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from embedded import atomic, processes

# Ours, because pods' traffic needs them …
NEEDED = {"net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "1"}
# … and those the kubelet writes by itself at every start.
_KUBELET = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)


def apply(notes: Path, root: Path = Path("/proc/sys")) -> None:
    """Sets what pods need, having noted every value in `notes` once a boot (a boot sets them all anew)."""
    boot = processes.boot_id()
    if _noted(notes).get("boot") != boot:
        values = {name: _read(root / name) for name in (*NEEDED, *_KUBELET)}
        atomic.write(notes, json.dumps({"boot": boot, "values": values}, indent=1))
    for name, value in NEEDED.items():
        if _read(root / name) not in (value, None):
            (root / name).write_text(value)


def restore(notes: Path, root: Path = Path("/proc/sys")) -> list[str]:
    """Puts the noted values back; returns the names of those that had changed."""
    noted = _noted(notes)
    changed = []
    if noted.get("boot") == processes.boot_id():
        for name, value in noted["values"].items():
            if value is not None and _read(root / name) != value:
                (root / name).write_text(value)
                changed.append(name.replace("/", "."))
    notes.unlink(missing_ok=True)
    return changed


def _noted(notes: Path) -> dict[str, Any]:
    try:
        noted: dict[str, Any] = json.loads(notes.read_text())
    except (OSError, ValueError):
        return {}
    return noted


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
