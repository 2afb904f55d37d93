"""What the pages show is understood: YAML by the models, commands by their parsers, code by its language."""

import functools
import json
import re
import shlex
import subprocess

import jinja2
import jsonschema
import pytest
import yaml
from tests.docs import commands, examples, pages

from inspect_operator import settings
from inspect_operator.api import canonical, watches
from inspect_operator.cli import typed
from inspect_operator.publish import metrics_generate
from inspect_operator.render import chart, checks, library


@pytest.mark.parametrize("block", pages.blocks("yaml"), ids=str)
def test_yaml_is_what_it_seems_to_be(block: pages.Block) -> None:
    for one in examples.of(block):
        _understood(one)


def _understood(one: examples.Example) -> None:
    match one.kind:
        case examples.Kind.INSPECT:
            metadata = {"namespace": "default", "uid": "u", "generation": 1, **one.body["metadata"]}
            made = canonical.read({**one.body, "metadata": metadata}, *_known())
            assert len(made.tasks) == len(one.body["spec"]["tasks"])
        case examples.Kind.VALUES:
            schema = json.loads((pages.ROOT / "charts/inspect-operator/values.schema.json").read_text())
            jsonschema.validate(one.body, schema)
        case examples.Kind.WATCHES:
            assert len(watches.read(one.body, str(one.block))) == len(one.body)
        case examples.Kind.OBJECT:
            assert {"apiVersion", "kind", "metadata"} <= set(one.body)
        case examples.Kind.FOREIGN:
            assert one.body


def test_a_mistake_in_an_example_would_be_noticed() -> None:
    for text in ("- name: a\n  scrpt: true\n", "- name: a\n  check: none\n", "spec: {suspended: true}\n"):
        (one,) = examples.of(pages.Block("page", 1, "yaml", (), text))
        with pytest.raises(Exception, match=r"scrpt|none|suspended"):
            _understood(one)
    with pytest.raises(AssertionError, match="what is"):
        examples.of(pages.Block("page", 1, "yaml", (), "unheard: of\n"))


@functools.cache
def _known() -> tuple[canonical.Checks, canonical.Templates]:
    """The shipped checks and runners, one of a site, and the runners of examples/templates."""
    renderer = chart.Renderer(settings.Settings())
    folders = sorted(path for path in (pages.ROOT / "examples/templates").iterdir() if path.is_dir())
    layers = [library.read(folder, folder.name) for folder in folders]
    made, _ = library.merged([*layers, (renderer.shipped, [])])
    site = checks.site_files({"disks.sh": "true\n"}, renderer.checks, "a site")
    return {**renderer.checks, **site}, made.runners


@pytest.mark.parametrize("block", pages.blocks("sh", "console", "bash"), ids=str)
def test_shells_understand_the_commands(block: pages.Block) -> None:
    text = block.text if block.language != "console" else "".join(one.text for one in commands.of(block))
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_are_told_apart() -> None:
    text = "# first\na \\\n  b\n\nc <<'EOF'\n  # of the file\nEOF\nd  # why\n"
    found = [one.text for one in commands.of(pages.Block("p", 1, "sh", (), text))]
    assert found == ["a \\\n  b\n", "c <<'EOF'\n  # of the file\nEOF\n", "d  # why\n"]
    shown = [(one.text, one.printed) for one in commands.of(pages.Block("p", 1, "console", (), "$ a\nb\nc\n$ d\n"))]
    assert shown == [("a\n", "b\nc\n"), ("d\n", "")]


def test_our_own_program_takes_what_is_typed() -> None:
    written = re.compile(r"(?:^|[ (])kubectl[ -]inspections ([^\n|&;)<>]*)", re.MULTILINE)
    for command in commands.every():
        for found in written.finditer(command.text.replace("\\\n", " ").replace("$(date +%F)", "today")):
            assert typed.parser().parse_args(shlex.split(found[1], comments=True)), command


def test_every_page_with_commands_is_read_by_a_test() -> None:
    typing = {command.block.page for command in commands.every()}
    read = [*commands.INSTALLED, *commands.SERVED, *commands.ELSEWHERE]
    assert typing <= set(read)
    assert len(set(read)) == len(read)
    for why in (*commands.ELSEWHERE.values(), *commands.LEFT_OUT.values()):
        for path in re.findall(r"(?:tests|docs)/[\w/.-]*\w", why):
            assert (pages.ROOT / path).exists(), why
    for page in commands.ELSEWHERE:
        assert page in typing, f"{page} has no commands any more"
    for start in commands.LEFT_OUT:
        found = [one for one in commands.every() if one.text.startswith(start)]
        assert [one for one in found if one.block.page not in commands.ELSEWHERE], (
            f"nothing begins with {start!r} any more"
        )


def test_the_chinese_page_shows_the_commands_of_the_english_ones() -> None:
    english = {" ".join(one.text.partition("  #")[0].split()) for one in commands.every() if "zh" not in one.block.page}
    chinese = {" ".join(one.text.partition("  #")[0].split()) for one in commands.every() if "zh" in one.block.page}
    assert chinese
    assert chinese - english == set()


@pytest.mark.parametrize("block", pages.blocks("python", "json", "jinja"), ids=str)
def test_code_is_of_its_language(block: pages.Block) -> None:
    match block.language:
        case "python":
            compile(block.text, str(block), "exec")
        case "json":
            json.loads(block.text)
        case "jinja":
            jinja2.Environment(autoescape=True).parse(block.text)


@pytest.mark.parametrize("block", pages.blocks("promql"), ids=str)
def test_queries_ask_for_metrics_that_exist(block: pages.Block) -> None:
    families = [*metrics_generate.sample_families(), *metrics_generate.operator_families()]
    known = metrics_generate.names(families)
    for line in block.text.splitlines():
        query = re.sub(r"\{[^}]*\}|by \([^)]*\)|\[[^]]*\]", "", line.partition("   ")[0])
        asked = {word for word in re.findall(r"[a-z][a-z0-9_]{8,}", query) if "_" in word} - _FUNCTIONS
        assert asked, line
        assert asked <= known, line


_FUNCTIONS = {"avg_over_time", "histogram_quantile"}


def test_every_alert_is_told() -> None:
    groups = yaml.safe_load((pages.ROOT / "charts/inspect-operator/files/alerts.yaml").read_text())
    told = pages.page("docs/operations.md").text
    for alert in (rule["alert"] for one in groups for rule in one["rules"]):
        assert f"| `{alert}` |" in told, alert
