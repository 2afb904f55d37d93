"""The chart of one release: the skeleton, with the rendered objects as JSON files in it."""

import dataclasses
import pathlib
import shutil
from typing import Any

import jinja2
import ruamel.yaml

from inspect_operator import errors, yaml_json
from inspect_operator import settings as settings_module
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired
from inspect_operator.render import context, manifest, template

SKELETON = "inspection"


@dataclasses.dataclass(frozen=True)
class Chart:
    """What a release will hold: objects in the order of their files, ready to be written to disk."""

    manifests: tuple[manifest.Object, ...]
    version: str


class Renderer:
    """Templates, shipped scripts and the skeleton, read from disk once."""

    def __init__(self, settings: settings_module.Settings) -> None:
        self._settings = settings
        self._templates = settings_module.data_folder("templates")
        self._environment: jinja2.Environment = template.environment(self._templates)
        self._skeleton = settings_module.data_folder("charts") / SKELETON
        self.scripts = {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted(settings_module.data_folder("checks").iterdir())
            if path.suffix in (".sh", ".py")
        }
        yaml = ruamel.yaml.YAML(typ="safe")
        self._metadata: dict[str, Any] = yaml.load((self._skeleton / "Chart.yaml").read_text())

    def render(self, want: desired.Desired, owner: tasks.Owner) -> Chart:
        """The objects of one run, from the template folder of the task's kind.

        :raises errors.TemplateFailed: a template can't be rendered
        :raises errors.ManifestRejected: it renders what a release may not hold
        """
        folder = self._templates / want.task.kind.value
        if not folder.is_dir():
            raise errors.TemplateFailed(f"template folder {want.task.kind.value} not found")
        data = context.context(want, self._settings, self.scripts)
        items = []
        for path in sorted(folder.glob("*.yaml")):
            name = f"{folder.name}/{path.name}"
            for item in manifest.parse(name, template.text(self._environment, name, data)):
                manifest.check(name, item, owner.namespace)
                items.append(manifest.labelled(item, want, owner.name))
        return Chart(tuple(items), self.version(want))

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
