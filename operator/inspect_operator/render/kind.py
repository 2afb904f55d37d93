"""A kind that is made by Jinja templates in place of a chart: each file of a folder renders objects from the spec."""

import hashlib
import pathlib
from typing import Any

import jinja2

from inspect_operator import errors, yaml_json
from inspect_operator.render import documents, template

ENDINGS = (".yaml", ".yml")
#: The chart around the rendered objects, which are data and never read as Go templates.
_CHART = {"apiVersion": "v2", "name": "objects", "type": "application"}
_EMIT = '{{- range $path, $_ := .Files.Glob "manifests/*.json" }}\n---\n{{ $.Files.Get $path }}\n{{- end }}\n'


class Templates:
    """The folder; read anew whenever it changed."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """:raises errors.SettingsInvalid: there are no templates"""
        if not self._files():
            raise errors.SettingsInvalid(f"template: {self._folder}: no folder with templates (*.yaml)")

    def digest(self) -> str:
        """Another one is another content, of files that are included too."""
        made = hashlib.sha256()
        for file in sorted(self._folder.rglob("*")):
            if file.is_file():
                made.update(str(file.relative_to(self._folder)).encode() + b"\0" + file.read_bytes())
        return made.hexdigest()

    def render(self, body: dict[str, Any], values: dict[str, Any]) -> list[documents.Object]:
        """The objects of one release. Templates know `spec` (the values), `name`, `namespace`, `labels`, `annotations`.

        :raises errors.TemplateFailed: a template can't be rendered
        """
        metadata = body["metadata"]
        data = {
            "spec": values,
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": metadata.get("labels") or {},
            "annotations": metadata.get("annotations") or {},
        }
        found = []
        made = self._environment()
        for file in self._files():
            found += documents.objects(file.name, template.text(made, file.name, data))
        return found

    def write(self, objects: list[documents.Object], folder: pathlib.Path) -> None:
        """Puts a chart that holds these objects into `folder`, which is made."""
        (folder / "templates").mkdir(parents=True)
        (folder / "manifests").mkdir()
        (folder / "Chart.yaml").write_text(yaml_json.dumps(_CHART | {"version": f"0.1.0+{self.digest()[:8]}"}))
        (folder / "templates" / "objects.yaml").write_text(_EMIT)
        for number, item in enumerate(objects):
            (folder / "manifests" / f"{number:03d}.json").write_text(yaml_json.dumps(item), encoding="utf-8")

    def _environment(self) -> jinja2.Environment:
        texts = {str(file.relative_to(self._folder)): file for file in self._folder.rglob("*") if file.is_file()}
        return template.environment({name: file.read_text(encoding="utf-8") for name, file in texts.items()})

    def _files(self) -> list[pathlib.Path]:
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(file for file in found if file.suffix in ENDINGS and not file.name.startswith("_"))
