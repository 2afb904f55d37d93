"""The Python packages that go into our images, downloaded outside of them and cached."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path

from embedded import base_image, folders, shell, steps, virtualenv
from embedded.errors import ClusterError


def folder(lock_file: Path, pyproject: Path) -> Path:
    """A folder with a wheel of every package in the lock file and of the build backend. Raises ClusterError."""
    backend = build_requires(pyproject.read_text())
    content = "\0".join([lock_file.read_text(), *backend, base_image.PYTHON])
    target = folders.cache() / "wheels" / hashlib.sha256(content.encode()).hexdigest()[:12]
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".wheels-", dir=target.parent))
    try:
        with steps.step("download the images' Python packages"):
            # Wheels for the image's Python, which need not be this machine's.
            download = [str(virtualenv.pip()), "download", "--quiet", "--dest", str(work), "--only-binary=:all:"]
            download += ["--python-version", base_image.PYTHON, "--implementation", "cp"]
            shell.run([*download, "--no-deps", "--requirement", str(lock_file)])
            shell.run([*download, *backend])
        work.chmod(0o755)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def build_requires(pyproject: str) -> list[str]:
    """`requires` of [build-system], read without a TOML parser, which Python has only from 3.11 on."""
    section = re.search(r"^\[build-system\]$(.*?)(?=^\[|\Z)", pyproject, re.MULTILINE | re.DOTALL)
    listed = section and re.search(r"^requires\s*=\s*\[(.*?)\]", section.group(1), re.MULTILINE | re.DOTALL)
    if not listed:
        raise ClusterError("pyproject.toml has no [build-system] requires")
    return re.findall(r"[\"']([^\"']+)[\"']", listed.group(1))
