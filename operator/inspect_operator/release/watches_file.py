"""watches.yaml from disk, with its charts found and its overrides expanded."""

import dataclasses
import pathlib
import tempfile
from collections.abc import Mapping

import ruamel.yaml
from ruamel.yaml import error as yaml_error

from inspect_operator import errors, yaml_json
from inspect_operator.api import watches
from inspect_operator.plan import overrides
from inspect_operator.release import charts
from inspect_operator.release import helm as helms
from inspect_operator.render import documents
from inspect_operator.render import kind as kind_templates

GO_TEMPLATE_SECONDS = 60.0


@dataclasses.dataclass(frozen=True)
class Served:
    """One entry. Either `source` or `templates` says what a release holds; `overrides` win over the object's values,
    and `shown` says them as people may see them: a value from the environment may be a secret."""

    entry: watches.Entry
    source: charts.Source | None
    templates: kind_templates.Templates | None
    overrides: overrides.Values
    shown: Mapping[str, str]


async def load(path: pathlib.Path, helm: helms.Helm, environ: Mapping[str, str]) -> tuple[Served, ...]:
    """Everything that the file says, the Inspect's own entry left out.

    :raises errors.SettingsInvalid: names the file, the entry and the field
    """
    served = []
    for entry in _entries(path):
        if not entry.serves_inspects:
            try:
                served.append(await _served(entry, path.parent, helm, environ))
            except errors.InspectError as error:
                raise errors.SettingsInvalid(f"{path}, {entry}: {error}") from None
    return tuple(served)


def _entries(path: pathlib.Path) -> tuple[watches.Entry, ...]:
    try:
        written = ruamel.yaml.YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml_error.YAMLError) as error:
        raise errors.SettingsInvalid(f"{path}: can't be read: {error}") from None
    return watches.read(written, str(path))


async def _served(entry: watches.Entry, base: pathlib.Path, helm: helms.Helm, environ: Mapping[str, str]) -> Served:
    source = charts.Source(entry.chart, base, helm) if entry.chart else None
    if source is not None:
        source.check()
    templates = kind_templates.Templates(base / entry.template) if entry.template else None
    if templates is not None:
        templates.look()
    texts = {key: overrides.expanded(text, environ) for key, text in entry.overrideValues.items()}
    if any("{{" in text for text in texts.values()):
        texts = await _by_go(texts, helm)
    shown = {key: text if "$" not in entry.overrideValues[key] else "****" for key, text in texts.items()}
    return Served(entry, source, templates, overrides.tree(texts), shown)


async def _by_go(texts: Mapping[str, str], helm: helms.Helm) -> dict[str, str]:
    """Go templates with sprig's functions, as operator-sdk has them in overrideValues: rendered by helm itself, as the
    templates of a chart that holds nothing else."""
    with tempfile.TemporaryDirectory(prefix="inspect-overrides-") as name:
        chart = pathlib.Path(name) / "overrides"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(
            yaml_json.dumps({"apiVersion": "v2", "name": "overrides", "version": "0.0.0"})
        )
        lines = []
        for number, text in enumerate(texts.values()):
            lines.append(f'{{{{- define "o{number}" }}}}{text}{{{{ end -}}}}')
        keys = " ".join(f'"{number}" (include "o{number}" .)' for number in range(len(texts)))
        (chart / "templates" / "values.yaml").write_text("".join(lines) + f"{{{{ dict {keys} | toJson }}}}\n")
        (document,) = documents.mappings(
            "overrideValues", await helm.template(chart, timeout_seconds=GO_TEMPLATE_SECONDS)
        )
    return {key: str(document[str(number)]) for number, key in enumerate(texts)}
