"""The chart of one release: the skeleton, with the rendered objects as JSON files in it."""

import dataclasses
import pathlib
import shutil
from typing import Any

import ruamel.yaml

from inspect_operator import errors, yaml_json
from inspect_operator import settings as settings_module
from inspect_operator.api import check
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired
from inspect_operator.render import bounds, checks, compose, context, library, manifest

SKELETON = "inspection"


@dataclasses.dataclass(frozen=True)
class Chart:
    """What a release will hold: objects in the order of their files, ready to be written to disk; `templates` tells
    which ones its runs were rendered from."""

    manifests: tuple[manifest.Object, ...]
    version: str
    templates: str = ""


class Renderer:
    """Templates, checks and the skeleton, read from disk once; the site's may be set anew."""

    def __init__(self, settings: settings_module.Settings) -> None:
        self._settings = settings
        self.shipped = library.shipped(settings_module.data_folder("templates"))
        self._templates = library.Library(self.shipped)
        self._child = bounds.Child()
        #: What took too much, by runner and namespace: not to be tried again with the same templates.
        self._spent: dict[tuple[str, str], errors.TemplateFailed] = {}
        self._skeleton = settings_module.data_folder("charts") / SKELETON
        self.checks: dict[str, check.Check] = checks.load(settings_module.data_folder("checks"))
        yaml = ruamel.yaml.YAML(typ="safe")
        self._metadata: dict[str, Any] = yaml.load((self._skeleton / "Chart.yaml").read_text())

    @property
    def templates(self) -> library.Library:
        """The templates by which everything is rendered."""
        return self._templates

    @templates.setter
    def templates(self, made: library.Library) -> None:
        self._templates = made
        self._spent = {}

    def close(self) -> None:
        """Ends the process that renders a site's templates."""
        self._child.close()

    def used(self, want: desired.Desired) -> str:
        """Which templates the release is rendered from, as they are now."""
        return self._templates.used(want.task.folder, once=not want.crons)

    def render(self, want: desired.Desired, owner: tasks.Owner) -> Chart:
        """The objects of one release, from the folder of templates of its task: once for all runs what is not a
        pod, then a Job or CronJob around the pod of each run.

        :raises errors.TemplateFailed: a template can't be rendered
        :raises errors.ManifestRejected: it renders what a release may not hold
        """
        templates, folder = self._templates, want.task.folder
        if folder not in templates.runners:
            raise errors.TemplateFailed(f"template folder {folder} not found")
        kinds = [(once, members) for once, members in ((True, want.jobs), (False, want.crons)) if members]
        groups = [
            compose.Group(
                once=templates.once(folder),
                shared=context.of_run(want, None, once=once),
                pod=f"{folder}/{library.POD}",
                around=library.JOB if once else library.CRON_JOB,
                runs=[context.of_run(want, member, once=once) for member in members],
            )
            for once, members in kinds
        ]
        objects: dict[tuple[str, str], manifest.Object] = {}
        data = context.of_release(want, owner, self._settings, self.checks.get(want.task.check))
        for part in self._parts(templates, (folder, owner.namespace), {**data}, groups):
            manifest.check(part.template, part.item, owner.namespace)
            target = kinds[part.group][1][part.run].target if part.run >= 0 else ""
            made = manifest.labelled(part.item, want, owner.name, target)
            objects[made["kind"], made["metadata"]["name"]] = made
        return Chart(tuple(objects.values()), self.version(want), self.used(want))

    def _parts(
        self, templates: library.Library, place: tuple[str, str], data: dict[str, Any], groups: list[compose.Group]
    ) -> list[compose.Part]:
        """Ours are rendered here. Those of a site in a process of their own, and not again where they took too much:
        there may be a thousand tasks like this one, and others to be served."""
        if not templates.places or not groups:
            return compose.parts(templates.environment, data, groups)
        spent = self._spent
        if place in spent:
            raise spent[place]
        try:
            return self._child.parts(templates, data, groups)
        except bounds.Spent as error:
            spent[place] = error
            raise

    def version(self, want: desired.Desired) -> str:
        """The chart's version: the skeleton's, and which content it carries."""
        return f"{self._metadata['version']}+{want.digest[:8]}"

    def write(self, chart: Chart, folder: pathlib.Path) -> None:
        """Puts the chart into `folder`, which is made."""
        shutil.copytree(self._skeleton, folder)
        (folder / "Chart.yaml").write_text(
            yaml_json.dumps({**self._metadata, "version": chart.version}), encoding="utf-8"
        )
        (folder / "manifests").mkdir()
        for index, item in enumerate(chart.manifests):
            name = f"{index:03d}-{item['kind'].lower()}.json"
            (folder / "manifests" / name).write_text(yaml_json.dumps(item), encoding="utf-8")
