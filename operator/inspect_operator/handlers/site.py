"""A site's own checks and templates: files in a folder, and ConfigMaps in the operator's namespace that carry a label.
They are read at start and looked for again now and then.

`api.practice.com/inspect-checks: site` makes the files of a ConfigMap checks;
`api.practice.com/inspect-templates: NAME` makes them templates in the folder NAME (empty: the top one).
"""

import logging
import pathlib

from inspect_operator import errors
from inspect_operator.api import check, group
from inspect_operator.cluster import client, resources
from inspect_operator.render import checks, library

logger = logging.getLogger(__name__)

#: How often ConfigMaps are looked for; only those that changed are read.
LOOK_SECONDS = 10.0


class Checks:
    """All checks that there are: the shipped ones and the site's."""

    def __init__(self, cluster: client.Cluster, namespace: str, folder: str, shipped: dict[str, check.Check]) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._shipped = shipped
        self._in_folder = checks.site(pathlib.Path(folder), shipped) if folder else {}
        self._read: dict[str, tuple[str, dict[str, check.Check]]] = {}  # by ConfigMap: version, and what is in it

    async def look(self) -> dict[str, check.Check]:
        """The checks as they are now. A ConfigMap that can't be used is told in the log, and left out.

        :raises errors.InspectError: the API server doesn't answer
        """
        found = await self._cluster.list(resources.CONFIG_MAPS, self._namespace, selector=group.SITE_CHECKS)
        versions = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in found}
        self._read = {name: one for name, one in self._read.items() if versions.get(name) == one[0]}
        for name in sorted(set(versions) - set(self._read)):
            self._read[name] = (versions[name], await self._config_map(name))
        made = self._shipped | self._in_folder
        for name, (_, some) in sorted(self._read.items()):
            if taken := sorted(set(some) & set(made)):
                logger.error("checks were left out: %s in ConfigMap %s is the name of another check", taken[0], name)
            made |= {key: one for key, one in some.items() if key not in made}
        return made

    async def _config_map(self, name: str) -> dict[str, check.Check]:
        try:
            body = await self._cluster.get(resources.CONFIG_MAPS, self._namespace, name)
            files, place = dict(body.get("data") or {}), f"ConfigMap {self._namespace}/{name}"
            for file in sorted(files):
                if {file, pathlib.PurePath(file).stem} & set(self._shipped):
                    del files[file]
                    logger.error("check was left out: %s in %s has the name of a shipped one", file, place)
            return checks.site_files(files, self._shipped, place)
        except client.NotFound:
            return {}
        except errors.SettingsInvalid as error:
            logger.error("checks were left out: %s", error)
            return {}


class Templates:
    """All templates that there are: those in the site's folder first, then those in ConfigMaps, then the shipped."""

    def __init__(self, cluster: client.Cluster, namespace: str, folder: str, shipped: library.Files) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._folder = folder
        self._shipped = dict(shipped)
        self._read: dict[str, tuple[str, library.Layer]] = {}  # by ConfigMap: version, and what is in it
        self._told: list[str] = []

    async def look(self) -> library.Library:
        """The templates as they are now. What can't be used is told in the log, and left out.

        :raises errors.InspectError: the API server doesn't answer
        """
        found = await self._cluster.list(resources.CONFIG_MAPS, self._namespace, selector=group.LABEL_TEMPLATES)
        versions = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in found}
        self._read = {name: one for name, one in self._read.items() if versions.get(name) == one[0]}
        for name in sorted(set(versions) - set(self._read)):
            self._read[name] = (versions[name], await self._config_map(name))
        in_folder = library.read(pathlib.Path(self._folder), self._folder) if self._folder else library.NOTHING
        in_maps = [layer for _, (_, layer) in sorted(self._read.items())]
        made, wrong = library.merged([in_folder, *in_maps, (self._shipped, [])])
        for words in wrong if wrong != self._told else ():
            logger.error("template was left out: %s", words)
        self._told = wrong
        return made

    async def _config_map(self, name: str) -> library.Layer:
        try:
            body = await self._cluster.get(resources.CONFIG_MAPS, self._namespace, name)
        except client.NotFound:
            return library.NOTHING
        folder = (body["metadata"].get("labels") or {}).get(group.LABEL_TEMPLATES, "")
        return library.config_map(folder, body.get("data") or {}, f"ConfigMap {self._namespace}/{name}")
