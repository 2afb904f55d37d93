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

Object = dict[str, Any]


def configure(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """The arguments that all of them have."""
    parser.add_argument(
        "-f", "--filename", metavar="FILE", action="append", required=required, default=[],
        help="file with Inspects, - for standard input; may be repeated",
    )  # fmt: skip
    parser.add_argument("--templates", metavar="DIR", help="folder with templates of the site, before the shipped ones")
    parser.add_argument("--checks", metavar="DIR", help="folder with checks of the site")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[],
        help="a setting of the operator, such as runner_image=registry.example/runner:1; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--nodes", metavar="FILE", help="nodes, as `kubectl get nodes -o yaml` prints them (default: one, node-1)"
    )


def renderer(arguments: argparse.Namespace, *, strict: bool = True) -> tuple[chart.Renderer, list[str]]:
    """With the templates and checks that the arguments name; and what is wrong with files that were left out.

    :raises errors.SettingsInvalid: a folder or setting can't be used
    """
    made = chart.Renderer(_settings(arguments))
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


def _settings(arguments: argparse.Namespace) -> settings_module.Settings:
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
        found = [one for one in _documents(file) if one.get("kind") == group.KIND]
        if not found:
            raise command.Usage(f"{file}: no Inspect in it")
        for body in found:
            metadata = body.get("metadata")
            if not isinstance(metadata, dict) or not metadata.get("name"):
                raise command.Usage(f"{file}: an Inspect needs metadata.name")
            given = {"namespace": namespace or "default", "uid": "", "generation": 1} | metadata
            yield file, {**body, "metadata": given}


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
    """What is known without a cluster: nodes out of a file, and every profile allowed."""
    listed = [_ONE_NODE]
    if arguments.nodes:
        listed = _documents(arguments.nodes)
    known = sorted((nodes.read(one) for one in listed), key=lambda node: node.name)
    return desired.Facts(nodes=tuple(known), profiles=frozenset(settings_module.PROFILES))


def in_order(made: chart.Chart) -> list[Object]:
    """The objects as Helm prints them."""
    return sorted(made.manifests, key=lambda item: _ORDER.index(item["kind"]))


def _documents(file: str) -> list[Object]:
    """The mappings in a file of YAML (read as kubectl reads it) or JSON; of a List its items."""
    try:
        text = sys.stdin.read() if file == "-" else pathlib.Path(file).read_text(encoding="utf-8")
        yaml = ruamel.yaml.YAML(typ="safe")
        yaml.version = (1, 1)
        found = [one for one in yaml.load_all(text) if isinstance(one, dict)]
    except (OSError, UnicodeDecodeError) as error:
        raise command.Usage(f"{file}: {error}") from None
    except ruamel.yaml.error.YAMLError as error:
        raise command.Usage(f"{file}: no YAML: {' '.join(str(error).split())}") from None
    return [item for one in found for item in (one["items"] if str(one.get("kind", "")).endswith("List") else [one])]
