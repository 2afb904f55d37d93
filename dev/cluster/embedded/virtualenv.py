"""Virtual environments in the cache: a pip of our own, whatever the machine's Python lacks."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from embedded import folders, packages, shell


def pip() -> Path:
    """A pip for downloads."""
    return ensure(folders.cache() / "python" / "{}.{}".format(*sys.version_info[:2]))


def ensure(folder: Path) -> Path:
    """Makes the environment unless it is whole; returns its pip. Raises ClusterError."""
    program = folder / "bin/pip"
    if shell.succeeds([str(program), "--version"]):
        return program
    # Debian splits this off; without it a virtual environment gets no pip.
    if not shell.succeeds([sys.executable, "-c", "import ensurepip, venv"]):
        packages.install(["python3-venv"])
    shutil.rmtree(folder, ignore_errors=True)
    shell.run([sys.executable, "-m", "venv", str(folder)])
    return program
