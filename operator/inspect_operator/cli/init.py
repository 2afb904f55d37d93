"""`init kind`: everything that a chart needs to be served as a kind of its own; no cluster is asked."""

import argparse
import os
import pathlib
from typing import Any

import ruamel.yaml

from inspect_operator import errors
from inspect_operator import settings as settings_module
from inspect_operator.api import watches
from inspect_operator.cli import command, kind_files, yaml_text
from inspect_operator.release import charts, manifests
from inspect_operator.release import helm as helms

RENDER_SECONDS = 60.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("what", choices=["kind"], help="what is begun")
    parser.add_argument("--from-chart", required=True, metavar="DIR", help="folder of the chart, or a packaged .tgz")
    parser.add_argument("--group", required=True, metavar="NAME", help="API group, such as web.example.com")
    parser.add_argument("--version", dest="api_version", default="v1alpha1", metavar="NAME", help="default: v1alpha1")
    parser.add_argument("--kind", metavar="NAME", help="default: the chart's name, with a capital")
    parser.add_argument(
        "--sample", metavar="FILE", help="an object of the kind: the sample, and what the rights are found out by "
        "(default: the chart's own values)",
    )  # fmt: skip
    parser.add_argument("--out", default=".", metavar="DIR", help="where the files go (default: here)")
    parser.add_argument("--force", action="store_true", help="write files anew that were changed since")


async def run(context: command.Context) -> command.Exit:
    """Writes what is not there yet, and says what it did; a file that somebody changed is left alone."""
    asked = context.arguments
    helm = helms.Helm(settings_module.read().helm, 1)
    source = charts.Source(_absolute(asked.from_chart), pathlib.Path("/"), helm)
    source.check()
    chart = await source.look()
    kind = asked.kind or "".join(part.capitalize() for part in chart.name.replace("_", "-").split("-"))
    out = pathlib.Path(asked.out)
    entry = {"group": asked.group, "version": asked.api_version, "kind": kind, "chart": _relative(chart.path, out)}
    watches.read([entry], "what was typed")  # the same words about a wrong name as at the operator's start
    values, schema = kind_files.read_values(chart.path)
    spec = _spec(asked.sample) if asked.sample else values
    text = await helm.template(chart.path, timeout_seconds=RENDER_SECONDS, values=spec)
    rendered = tuple(manifests.objects(text))
    made = {
        "crd.yaml": yaml_text.dumps(kind_files.crd(asked.group, asked.api_version, kind, values, schema)),
        "sample.yaml": yaml_text.dumps(
            {
                "apiVersion": f"{asked.group}/{asked.api_version}",
                "kind": kind,
                "metadata": {"name": f"{kind.lower()}-sample"},
                "spec": spec,
            }
        ),
        "operator-values.yaml": kind_files.HEADER
        + yaml_text.dumps({"kinds": {"rules": kind_files.rules(asked.group, kind, rendered)}}),
    }
    for line in _write_all(out, made, entry, force=asked.force):
        context.terminal.print(line)
    return command.Exit.PASSED


def _write_all(out: pathlib.Path, made: dict[str, str], entry: dict[str, str], *, force: bool) -> list[str]:
    out.mkdir(parents=True, exist_ok=True)
    done = [_write(out / name, text, force=force) for name, text in made.items()]
    return [*done, _add_entry(out / "watches.yaml", entry)]


def _spec(file: str) -> dict[str, Any]:
    try:
        found = ruamel.yaml.YAML(typ="safe").load(pathlib.Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ruamel.yaml.error.YAMLError) as error:
        raise errors.SettingsInvalid(f"--sample {file}: can't be read: {' '.join(str(error).split())}") from None
    spec = found.get("spec") if isinstance(found, dict) else None
    if not isinstance(spec, dict):
        raise errors.SettingsInvalid(f"--sample {file}: has to be an object with a spec")
    return spec


def _absolute(path: str) -> str:
    return str(pathlib.Path(path).resolve())


def _write(path: pathlib.Path, text: str, *, force: bool) -> str:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return f"{path}: is as it would be written"
    if path.exists() and not force:
        return f"{path}: left as it is, it was changed (--force writes it anew)"
    verb = "written anew" if path.exists() else "written"
    path.write_text(text, encoding="utf-8")
    return f"{path}: {verb}"


def _add_entry(path: pathlib.Path, entry: dict[str, str]) -> str:
    """At the end of the file, whose comments stay."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    known: Any = ruamel.yaml.YAML(typ="safe").load(text) if text.strip() else []
    if known and not isinstance(known, list):
        raise errors.SettingsInvalid(f"{path}: has to be a list of entries")
    names = ("group", "version", "kind")
    if any(isinstance(one, dict) and all(one.get(name) == entry[name] for name in names) for one in known or ()):
        return f"{path}: has an entry for {entry['kind']} already"
    before = "" if not known else text.rstrip("\n") + "\n"
    path.write_text(before + yaml_text.dumps([entry]), encoding="utf-8")
    return f"{path}: entry for {entry['kind']} added"


def _relative(chart: pathlib.Path, out: pathlib.Path) -> str:
    return os.path.relpath(chart, out.resolve())


COMMAND = command.Command(
    configure, run, offline=True,
    examples=("kubectl inspections init kind --from-chart helm-charts/nginx --group web.example.com --version v1",),
)  # fmt: skip
