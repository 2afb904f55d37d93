"""What render, lint and diff share: the templates, checks and settings of a site, and Inspects out of files."""

import argparse
import dataclasses
import os
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import ruamel.yaml

from inspect_operator import errors
from inspect_operator import settings as settings_module
from inspect_operator.api import canonical, group
from inspect_operator.api import task as tasks
from inspect_operator.cli import command
from inspect_operator.plan import desired, nodes
from inspect_operator.render import chart, checks, library

#: Kinds in the order in which Helm installs and prints them (helm.sh/helm/v4, pkg/release/v1/util/kind_sorter.go).
_ORDER = ("ServiceAccount", "ConfigMap", "RoleBinding", "Job", "CronJob")
_ONE_NODE: dict[str, Any] = {
    "metadata": {"name": "node-1"},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}
#: Without a cluster there is one node, and every profile is allowed.
ANYWHERE = desired.Facts(nodes=(nodes.read(_ONE_NODE),), profiles=frozenset(settings_module.PROFILES))

Object = dict[str, Any]


def configure(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """The arguments that all of them have."""
    parser.add_argument(
        "-f", "--filename", metavar="FILE", action="append", required=required, default=[],
        help="file with Inspects, - for standard input; may be repeated",
    )  # fmt: skip
    configure_site(parser)
    parser.add_argument(
        "--nodes", metavar="FILE", help="nodes, as `kubectl get nodes -o yaml` prints them (default: one, node-1)"
    )


def configure_site(parser: argparse._ActionsContainer) -> None:
    """What the operator of a site knows and we don't."""
    parser.add_argument("--templates", metavar="DIR", help="folder with templates of the site, before the shipped ones")
    parser.add_argument("--checks", metavar="DIR", help="folder with checks of the site")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[],
        help="a setting of the operator, such as runner_image=registry.example/runner:1; may be repeated",
    )  # fmt: skip


def renderer(arguments: argparse.Namespace, *, strict: bool = True) -> tuple[chart.Renderer, list[str]]:
    """With the templates and checks that the arguments name; and what is wrong with files that were left out.

    :raises errors.SettingsInvalid: a folder or setting can't be used
    """
    made = chart.Renderer(settings(arguments))
    wrong: list[str] = []
    if arguments.templates:
        if not pathlib.Path(arguments.templates).is_dir():
            raise errors.SettingsInvalid(f"--templates {arguments.templates}: no such folder")
        layers = [library.read(pathlib.Path(arguments.templates), arguments.templates), (made.shipped, [])]
        made.templates, wrong = library.merged(layers)
        if wrong and strict:
            raise errors.SettingsInvalid(wrong[0])
    if arguments.checks:
        made.checks = made.checks | checks.site(pathlib.Path(arguments.checks), made.checks)
    return made, wrong


def settings(arguments: argparse.Namespace) -> settings_module.Settings:
    """Those of the environment, and over them those of --set.

    :raises command.Usage: there is no such setting
    """
    known = {field.name for field in dataclasses.fields(settings_module.Settings)}
    environ = dict(os.environ)
    for text in arguments.set:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            raise command.Usage(f"--set {text}: write NAME=VALUE with one of {', '.join(sorted(known))}")
        environ[settings_module.PREFIX + name.upper()] = value
    return settings_module.read(environ)


def bodies(files: Sequence[str], namespace: str) -> Iterator[tuple[str, Object]]:
    """The Inspects in files, each with the file's name, as the API server would serve them.

    :raises command.Usage: a file can't be read, or holds none
    """
    for file in files:
        found = inspects(file, documents(file), namespace)
        if not found:
            raise command.Usage(f"{file}: no Inspect in it")
        yield from ((file, body) for body in found)


def inspects(file: str, found: Sequence[Object], namespace: str) -> list[Object]:
    """Those among the documents of a file.

    :raises command.Usage: one has no name
    """
    made = []
    for body in found:
        if body.get("kind") == group.KIND:
            metadata = body.get("metadata")
            if not isinstance(metadata, dict) or not metadata.get("name"):
                raise command.Usage(f"{file}: an Inspect needs metadata.name")
            given = {"namespace": namespace or "default", "uid": "", "generation": 1} | metadata
            made.append({**body, "metadata": given})
    return made


def inspection(body: Object, made: chart.Renderer) -> tasks.Inspection:
    """:raises errors.InspectError: as the operator would say it"""
    return canonical.read(body, made.checks, made.templates.runners)


def wanted(
    read: tasks.Inspection, facts: desired.Facts, found: dict[str, Any] | None = None
) -> Iterator[desired.Desired]:
    """The releases of an Inspect, those too that would have to wait.

    :raises errors.InspectError: what a task asks for can't be
    """
    for want in desired.releases(read, found or {}, facts):
        if want.refused is not None:
            raise want.refused
        yield dataclasses.replace(want, held=None)


def facts(arguments: argparse.Namespace) -> desired.Facts:
    """What is known without a cluster, with nodes out of a file where one is named."""
    if not arguments.nodes:
        return ANYWHERE
    known = sorted((nodes.read(one) for one in documents(arguments.nodes)), key=lambda node: node.name)
    return dataclasses.replace(ANYWHERE, nodes=tuple(known))


def in_order(made: chart.Chart) -> list[Object]:
    """The objects as Helm prints them."""
    return sorted(made.manifests, key=lambda item: _ORDER.index(item["kind"]))


def documents(file: str) -> list[Object]:
    """The mappings in a file of YAML (read as kubectl reads it) or JSON; of a List its items."""
    try:
        text = sys.stdin.read() if file == "-" else pathlib.Path(file).read_text(encoding="utf-8")
        yaml = ruamel.yaml.YAML(typ="safe")
        yaml.version = (1, 1)
        found = [one for one in yaml.load_all(text) if isinstance(one, dict)]
    except (OSError, UnicodeDecodeError) as error:
        raise command.Usage(f"{file}: {error}") from None
    except ruamel.yaml.error.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""  # not its text: of a Secret, maybe
        raise command.Usage(f"{file}{line}: no YAML: {_plain(error)}") from None
    except (ruamel.yaml.error.YAMLError, RecursionError) as error:
        raise command.Usage(f"{file}: no YAML: {type(error).__name__}") from None
    items = [one.get("items") or () if str(one.get("kind", "")).endswith("List") else [one] for one in found]
    return [item for some in items for item in some if isinstance(item, dict)]


def _plain(error: ruamel.yaml.error.MarkedYAMLError) -> str:
    """Without the value that is told of a key that stands there twice."""
    return str(error.problem or error.context).partition(" with value ")[0]
