"""`lint`: mistakes in templates and Inspects, before a cluster sees them."""

import argparse
import dataclasses
from collections.abc import Iterator
from typing import Any

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.api import template as templates
from inspect_operator.cli import command, manifests, rendering
from inspect_operator.plan import desired
from inspect_operator.render import chart, lint

#: Tasks of every kind, by which templates are tried where no Inspect is given; the last one has everything.
SAMPLES: tuple[rendering.Object, ...] = (
    {"name": "script", "script": "true\n"},
    {"name": "script-from", "scriptFrom": {"configMapKeyRef": {"name": "scripts", "key": "a.sh"}}},
    {"name": "image", "image": "registry.example/try:1", "args": ["-v"], "retries": 2},
    {"name": "nodes", "script": "true\n", "target": {"nodes": {}}},
    {"name": "node", "script": "true\n", "profile": "node", "target": {"nodes": {}}},
    {"name": "scheduled", "image": "registry.example/try:1", "schedule": "@daily", "profile": "node"},
    {"name": "check", "check": "pods-abnormal"},
    {
        "name": "hosts", "script": "true\n",
        "target": {"hosts": [{"address": "192.0.2.1", "passwordFrom": {"secretKeyRef": {"name": "s", "key": "p"}}}]},
    },
    {
        "name": "everything, of everything", "script": "true\n", "interpreter": "bash", "args": ["a"],
        "env": [{"name": "A", "value": "1"}], "envFrom": [{"secretRef": {"name": "s"}}], "schedule": "0 3 * * *",
        "timeZone": "Etc/UTC", "resources": {"limits": {"cpu": "1"}}, "nodeSelector": {"b": "1", "a": "2"},
        "tolerations": [{"operator": "Exists"}], "imagePullSecrets": [{"name": "s"}], "serviceAccountName": "a",
    },
)  # fmt: skip
_ANYTHING = {"string": "a", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}

#: Where, the rule, the words.
Found = tuple[str, str, str]


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    rendering.configure(parser, required=False)


async def run(context: command.Context) -> command.Exit:
    """Prints one mistake a line; exit code 1 where there is any."""
    made, wrong = rendering.renderer(context.arguments, strict=False)
    found: dict[Found, None] = {(words.partition(":")[0], "file", words): None for words in wrong}
    places = made.templates.places
    try:
        for mistake in lint.mistakes(made.templates, places or made.templates.texts):
            where = places.get(mistake.template, mistake.template) + (f":{mistake.line}" if mistake.line else "")
            found[where, mistake.rule, mistake.message] = None
        for file, body in _bodies(context.arguments, made):
            found |= dict.fromkeys(_of_inspect(file, body, made, rendering.facts(context.arguments)))
    finally:
        made.close()
    for where, rule, words in found:
        context.terminal.print(f"{where}: {rule}: {words}")
    context.terminal.note(f"{len(found)} mistakes" if found else "no mistakes found")
    return command.Exit.FAILED if found else command.Exit.PASSED


def _bodies(arguments: argparse.Namespace, made: chart.Renderer) -> Iterator[tuple[str, rendering.Object]]:
    """Those that were given; and one of ours, for runners that none of them uses."""
    given = list(rendering.bodies(arguments.filename, "default"))
    used = {task.get("template") for _, body in given for task in (body.get("spec") or {}).get("tasks") or ()}
    yield from given
    own = tasks.Kind
    missing = sorted(set(made.templates.runners) - used - {own.SCRIPT.value, own.IMAGE.value, own.SSH.value})
    mine = () if given else SAMPLES
    mine += tuple(
        {"name": f"runner {name}", "template": name, "parameters": _parameters(made.templates.runners[name])}
        for name in missing
        if not made.templates.runners[name].problem
    )
    for task in mine:
        meta = {"name": "sample", "namespace": "default", "uid": "", "generation": 1}
        yield f"sample task {task['name']!r}", {"kind": "Inspect", "metadata": meta, "spec": {"tasks": [task]}}


def _parameters(template: templates.Template) -> dict[str, Any]:
    """Something that fits for what has to be given, by the schema's own examples."""
    return {
        name: (rule.get("examples") or rule.get("enum") or [_ANYTHING.get(rule.get("type", ""), "a")])[0]
        for name, rule in template.properties.items()
        if name in template.parameters.get("required", ()) and "default" not in rule
    }


def _of_inspect(file: str, body: rendering.Object, made: chart.Renderer, facts: desired.Facts) -> Iterator[Found]:
    try:
        read = rendering.inspection(body, made)
        wanted = list(rendering.wanted(read, facts))
    except errors.InspectError as error:
        yield file, "spec", str(error)
        return
    for want in wanted:
        try:
            rendered = made.render(want, read.owner)
            other = made.render(_shuffled(want), read.owner)
        except errors.ManifestRejected as error:
            yield file, "not-allowed", str(error)
        except errors.TemplateFailed as error:
            yield file, "rendering", str(error)
        else:
            if rendered.manifests != other.manifests:
                words = "renders otherwise with the same values in another order, or at another time; use dictsort"
                yield file, "not-deterministic", f"template {want.task.folder}: {words}"
            restricted = not want.task.profile
            for rule, words in manifests.complaints(list(rendered.manifests), restricted=restricted):
                yield file, rule, words


def _shuffled(want: desired.Desired) -> desired.Desired:
    """The same, with the entries of each mapping the other way round: an API server may keep them in any order."""
    task = want.task
    return dataclasses.replace(
        want,
        task=dataclasses.replace(
            task,
            template_parameters=_reversed(task.template_parameters),
            node_selector=tuple(reversed(task.node_selector)),
            requests=tuple(reversed(task.requests)),
            limits=tuple(reversed(task.limits)),
        ),
    )


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(one) for key, one in reversed(value.items())}
    return [_reversed(one) for one in value] if isinstance(value, list) else value


COMMAND = command.Command(
    configure, run, offline=True,
    examples=(
        "kubectl inspections lint --templates ./our-templates",
        "kubectl inspections lint -f inspect.yaml",
    ),
)  # fmt: skip
