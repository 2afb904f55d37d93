"""The chart of one release: the skeleton, with the rendered objects as JSON files in it."""

import dataclasses
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import jinja2
import ruamel.yaml

from inspect_operator import errors, yaml_json
from inspect_operator import settings as settings_module
from inspect_operator.api import check
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired
from inspect_operator.render import checks, context, manifest, template

SKELETON = "inspection"
POD = "pod.yaml"


@dataclasses.dataclass(frozen=True)
class Chart:
    """What a release will hold: objects in the order of their files, ready to be written to disk."""

    manifests: tuple[manifest.Object, ...]
    version: str


class Renderer:
    """Templates, checks and the skeleton, read from disk once; the site's checks may be set anew."""

    def __init__(self, settings: settings_module.Settings) -> None:
        self._settings = settings
        self._templates = settings_module.data_folder("templates")
        self._environment: jinja2.Environment = template.environment(self._templates)
        self._skeleton = settings_module.data_folder("charts") / SKELETON
        self.checks: dict[str, check.Check] = checks.load(settings_module.data_folder("checks"))
        yaml = ruamel.yaml.YAML(typ="safe")
        self._metadata: dict[str, Any] = yaml.load((self._skeleton / "Chart.yaml").read_text())

    def render(self, want: desired.Desired, owner: tasks.Owner) -> Chart:
        """The objects of one release, from the template folder of the task's kind: once for all runs what is not a
        pod, then a Job or CronJob around the pod of each run.

        :raises errors.TemplateFailed: a template can't be rendered
        :raises errors.ManifestRejected: it renders what a release may not hold
        """
        folder = self._templates / want.task.kind.value
        if not folder.is_dir():
            raise errors.TemplateFailed(f"template folder {want.task.kind.value} not found")
        data = context.of_release(want, owner.namespace, self._settings, self.checks.get(want.task.check))
        objects: dict[tuple[str, str], manifest.Object] = {}
        for once, members in ((True, want.jobs), (False, want.crons)):
            if not members:
                continue
            shared = data | {"run": context.of_run(want, None, once=once)}
            for path in sorted(folder.glob("*.yaml")):
                if path.name != POD:
                    for item in self._objects(f"{folder.name}/{path.name}", shared, owner):
                        objects[item["kind"], item["metadata"]["name"]] = manifest.labelled(item, want, owner.name)
            for member in members:
                run = data | {"run": context.of_run(want, member, once=once)}
                run["pod"] = self._pod(f"{folder.name}/{POD}", run)
                for item in self._objects("job.yaml" if once else "cronjob.yaml", run, owner):
                    made = manifest.labelled(item, want, owner.name, member.target)
                    objects[item["kind"], item["metadata"]["name"]] = made
        return Chart(tuple(objects.values()), self.version(want))

    def _objects(self, name: str, data: dict[str, Any], owner: tasks.Owner) -> Iterator[manifest.Object]:
        for item in manifest.parse(name, template.text(self._environment, name, data)):
            manifest.check(name, item, owner.namespace)
            yield item

    def _pod(self, name: str, data: dict[str, Any]) -> manifest.Object:
        documents = manifest.documents(name, template.text(self._environment, name, data))
        if len(documents) != 1 or not isinstance(documents[0].get("spec"), dict):
            raise errors.TemplateFailed(f"template {name} has to render one pod, with a spec")
        return documents[0]

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
