"""Where the charts of watches.yaml come from: a folder, a packaged .tgz, or a registry by digest."""

import asyncio
import dataclasses
import hashlib
import logging
import pathlib
import re
import tarfile
import tempfile
import zlib
from typing import Any

import ruamel.yaml
from ruamel.yaml import error as yaml_error

from inspect_operator import errors
from inspect_operator.release import helm as helms

logger = logging.getLogger(__name__)

PULL_SECONDS = 120.0
_PINNED = re.compile(r"oci://[^\s@]+@sha256:[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Chart:
    """A chart on disk; another `digest` is another content."""

    path: pathlib.Path
    name: str
    version: str
    digest: str


class Source:
    """One chart. `written` is what watches.yaml says, `base` the folder that a path there is seen from."""

    def __init__(self, written: str, base: pathlib.Path, helm: helms.Helm) -> None:
        self.written = written
        self._helm = helm
        self._path = base / written
        self._pulled: tempfile.TemporaryDirectory[str] | None = None
        self._looked: tuple[Any, Chart] | None = None

    @property
    def remote(self) -> bool:
        """Whether it comes from a registry."""
        return self.written.startswith("oci://")

    def check(self) -> None:
        """Whatever can be told without a network.

        :raises errors.SettingsInvalid: it is no chart, or a reference whose content may change
        """
        if self.remote:
            if not _PINNED.fullmatch(self.written):
                raise errors.SettingsInvalid(
                    f"chart: {self.written} is not pinned; write oci://REGISTRY/CHART@sha256:… "
                    "(helm push and helm pull print the digest)"
                )
            return
        self._read()

    async def look(self) -> Chart:
        """The chart as it is now; one from a registry is pulled once.

        :raises errors.InspectError: it can't be had
        """
        if self.remote and self._pulled is None:
            self._path, self._pulled = await self._pull()
        return await asyncio.to_thread(self._read)

    def close(self) -> None:
        """Removes what was pulled."""
        if self._pulled is not None:
            self._pulled.cleanup()

    async def _pull(self) -> tuple[pathlib.Path, tempfile.TemporaryDirectory[str]]:
        folder = tempfile.TemporaryDirectory(prefix="inspect-pulled-")
        try:
            await self._helm.pull(self.written, pathlib.Path(folder.name), timeout_seconds=PULL_SECONDS)
            (path,) = await asyncio.to_thread(_packed, pathlib.Path(folder.name))
        except (errors.InspectError, ValueError) as error:
            folder.cleanup()
            raise errors.ReleaseUnavailable(f"chart {self.written} can't be pulled: {error}") from None
        logger.info("chart was pulled reference=%s file=%s", self.written, path.name)
        return path, folder

    def _read(self) -> Chart:
        path = self._path
        try:
            mark = _mark(path)
            if self._looked is not None and self._looked[0] == mark:
                return self._looked[1]
            described = _chart_yaml(path)
            digest = hashlib.sha256()
            for name, file in _files(path):
                content = file.read_bytes()
                digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
        except (OSError, tarfile.TarError, EOFError, zlib.error, yaml_error.YAMLError) as error:
            raise errors.SettingsInvalid(f"chart: {self.written}: no chart there ({error})") from None
        if not isinstance(described, dict) or not described.get("name") or not described.get("version"):
            raise errors.SettingsInvalid(f"chart: {self.written}: its Chart.yaml has no name or no version")
        made = Chart(path, str(described["name"]), str(described["version"]), digest.hexdigest())
        self._looked = (mark, made)
        return made


def _packed(folder: pathlib.Path) -> list[pathlib.Path]:
    return list(folder.glob("*.tgz"))


def _files(path: pathlib.Path) -> list[tuple[str, pathlib.Path]]:
    """Every file of a chart by its name in it. A mounted ConfigMap has all twice, below ..data and ..TIME too."""
    if path.is_file():
        return [("", path)]
    found = ((str(file.relative_to(path)), file) for file in path.rglob("*") if file.is_file())
    return sorted((name, file) for name, file in found if not any(part.startswith("..") for part in name.split("/")))


def _mark(path: pathlib.Path) -> Any:
    """What changes with every change of a file, at the cost of no reading."""
    return [(name, (stat := file.stat()).st_mtime_ns, stat.st_size, stat.st_ino) for name, file in _files(path)]


def _chart_yaml(path: pathlib.Path) -> Any:
    if path.is_file():
        with tarfile.open(path) as archive:
            names = [one for one in archive.getnames() if one.count("/") == 1 and one.endswith("/Chart.yaml")]
            packed = archive.extractfile(names[0]) if names else None
            if packed is None:
                raise FileNotFoundError("no Chart.yaml in the archive")
            text = packed.read(1 << 20).decode("utf-8", "replace")
    else:
        text = (path / "Chart.yaml").read_text(encoding="utf-8", errors="replace")
    return ruamel.yaml.YAML(typ="safe").load(text)
