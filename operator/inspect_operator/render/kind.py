"""A kind that is made by Jinja templates in place of a chart: each file of a folder renders objects from the spec."""

import pathlib
from typing import Any

from inspect_operator import errors, yaml_json
from inspect_operator.render import bounds, compose, documents, library

ENDINGS = (".yaml", ".yml")
#: The chart around the rendered objects, which are data and never read as Go templates.
_CHART = {"apiVersion": "v2", "name": "objects", "type": "application"}
_EMIT = '{{- range $path, $_ := .Files.Glob "manifests/*.json" }}\n---\n{{ $.Files.Get $path }}\n{{- end }}\n'


class Templates:
    """One folder. Its templates are rendered by a process of their own, within bounded time and memory."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._library = library.Library({})
        self._child = bounds.Child()

    def look(self) -> str:
        """Reads what is in the folder now; the answer is another one where that is another content.

        :raises errors.SettingsInvalid: there are no templates, or one can't be read
        """
        try:
            found, wrong = library.merged([library.read(self._folder)])
        except OSError as error:
            raise errors.SettingsInvalid(f"template: {self._folder}: {error.strerror}") from None
        if wrong:
            raise errors.SettingsInvalid(f"template: {wrong[0]}")
        if not _rendered(found):
            raise errors.SettingsInvalid(f"template: {self._folder}: no folder with templates (*.yaml)")
        if found.version != self._library.version:
            self._library = found
        return found.version

    def close(self) -> None:
        """Ends the process that renders them."""
        self._child.close()

    def render(self, body: dict[str, Any], values: dict[str, Any]) -> list[documents.Object]:
        """The objects of one release. Templates know `spec` (the values), `name`, `namespace`, `labels`, `annotations`.

        :raises errors.TemplateFailed: a template can't be rendered; also where it took too much time or memory
        """
        metadata = body["metadata"]
        data = {
            "spec": values,
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": metadata.get("labels") or {},
            "annotations": metadata.get("annotations") or {},
        }
        found = self._library
        names = _rendered(found)
        group = compose.Group(once=names, shared={}, pod=names[0], around="", runs=())
        return [part.item for part in self._child.parts(found, data, [group])]

    def write(self, objects: list[documents.Object], folder: pathlib.Path) -> None:
        """Puts a chart that holds these objects into `folder`, which is made."""
        (folder / "templates").mkdir(parents=True)
        (folder / "manifests").mkdir()
        version = f"0.1.0+{self._library.version[:8]}"
        (folder / "Chart.yaml").write_text(yaml_json.dumps(_CHART | {"version": version}))
        (folder / "templates" / "objects.yaml").write_text(_EMIT)
        for number, item in enumerate(objects):
            (folder / "manifests" / f"{number:03d}.json").write_text(yaml_json.dumps(item), encoding="utf-8")


def _rendered(found: library.Library) -> list[str]:
    """The templates that make objects; the others are there to be included."""
    return sorted(name for name in found.texts if "/" not in name and name.endswith(ENDINGS))
