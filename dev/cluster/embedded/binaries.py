"""The programs, compiled once and cached: Kubernetes with etcd, CoreDNS and pause in one call, helm and warm
helm in another."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from embedded import folders, lock, steps, toolchain, versions
from embedded.errors import ClusterError

_SOURCE = Path(__file__).resolve().parents[1] / "go"
_HELM_SOURCE = Path(__file__).resolve().parents[3] / "helm"
_MODULE_FILES = ("go.mod", "go.sum", "coredns/main.go", "pause/main.go")


@dataclass(frozen=True)
class Part:
    """Programs that one call compiles in `source`. `provides` are their file names in `folder()`."""

    name: str
    version: str
    source: Path
    arguments: tuple[str, ...]
    provides: tuple[str, ...]
    key: str

    def folder(self) -> Path:
        """Where the programs are, or will be: whole or absent."""
        return folders.cache() / "bin" / f"{self.name}-{self.version}-{self.key}"

    def is_built(self) -> bool:
        """Whether every program is there."""
        return all((self.folder() / program).is_file() for program in self.provides)


def kubernetes() -> Part:
    """The control plane, the node's agents, kubectl, etcd, CoreDNS and the pause program."""
    packages = [f"k8s.io/kubernetes/cmd/{program}" for program in versions.KUBERNETES_PROGRAMS]
    packages += ["go.etcd.io/etcd/server/v3", "./coredns", "./pause"]
    arguments = ("build", "-trimpath", "-ldflags", versions.KUBERNETES_LDFLAGS, *packages)
    sources = [(_SOURCE / name).read_bytes() for name in _MODULE_FILES]
    provides = (*versions.KUBERNETES_PROGRAMS, "etcd", "coredns", "pause")
    return Part("kubernetes", versions.KUBERNETES, _SOURCE, arguments, provides, _key(arguments, *sources))


def helm() -> Part:
    """Helm and warm helm: a module of their own, because they need another client-go than Kubernetes."""
    arguments = ("build", "-trimpath", "-ldflags", versions.HELM_LDFLAGS, "helm.sh/helm/v4/cmd/helm", ".")
    files = sorted([*_HELM_SOURCE.glob("go.*"), *_HELM_SOURCE.glob("*.go")])
    key = _key(arguments, *(file.read_bytes() for file in files))
    return Part("helm", versions.HELM, _HELM_SOURCE, arguments, ("helm", "warm-helm"), key)


def parts() -> tuple[Part, ...]:
    """All there is to compile, the quicker first."""
    return (helm(), kubernetes())


def ensure(wanted: Iterable[Part] | None = None) -> None:
    """Compiles what the cache lacks (of `wanted`, or of all).

    A part that fails does not lose the others: ClusterError names it at the end.
    """
    failed: list[str] = []
    for part in wanted or parts():
        if part.is_built():
            continue
        with lock.exclusive(folders.cache() / "bin/.lock", f"compiling {part.name}"):
            # Whoever held the lock may have compiled it meanwhile.
            if not part.is_built():
                try:
                    _compile(part)
                except ClusterError as error:
                    failed.append(str(error))
    if failed:
        raise ClusterError("; ".join(failed))


def _compile(part: Part) -> None:
    go = toolchain.find()
    part.folder().parent.mkdir(parents=True, exist_ok=True)
    _sweep(part.folder().parent)
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=part.folder().parent))
    try:
        with steps.step(f"compile {part.name} {part.version}"):
            environment = toolchain.environment(go)
            command = [str(go), *part.arguments]
            command[2:2] = ["-o", f"{work}/"]
            _run(part, command, environment)
        if (work / "server").exists():
            (work / "server").rename(work / "etcd")  # etcd's main package is called that
        work.chmod(0o755)
        shutil.rmtree(part.folder(), ignore_errors=True)
        work.rename(part.folder())
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run(part: Part, command: list[str], environment: dict[str, str]) -> None:
    """Runs the compiler, telling every 15 seconds what it is at. Its own cache makes an interrupted run resume."""
    command[2:2] = ["-v"]  # names each package as it is compiled
    child = subprocess.Popen(
        command, cwd=part.source, env=environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(child.stderr or ()), daemon=True)
    reader.start()
    began = told = time.monotonic()
    try:
        while child.poll() is None:
            time.sleep(0.2)
            if time.monotonic() - told >= 15:
                told = time.monotonic()
                steps.say(f"  {told - began:6.0f}s  … {part.name}: {progress(said)}")
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()
    reader.join()
    if child.returncode != 0:
        tail = "".join(line for line in said if not line.startswith("go: downloading"))[-3000:]
        raise ClusterError(f"compiling {part.name} failed (the next try resumes where this one ended):\n{tail}")


def progress(said: list[str]) -> str:
    """How far the compiler is, from what it has said: downloads, then a line a package when that is begun."""
    compiled = [line for line in said if not line.startswith("go: ")]
    if compiled:
        return f"{len(compiled)} packages, {compiled[-1].strip()[-70:]}"
    return f"{len(said)} modules downloaded" if said else "waiting for the compiler"


def _sweep(folder: Path) -> None:
    """Removes what interrupted builds left. Called under the lock, so no build is at work in there."""
    for leftover in folder.glob(".building-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _key(arguments: tuple[str, ...], *sources: bytes) -> str:
    """12 hex digits over everything that decides what comes out."""
    digest = hashlib.sha256("\0".join((*arguments, os.uname().machine)).encode())
    for source in sources:
        digest.update(source)
    return digest.hexdigest()[:12]
