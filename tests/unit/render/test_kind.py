"""Templates of a kind: what is rendered, and that values are data there too."""

import json
import pathlib
from collections.abc import Iterator

import pytest
from tests.unit import hostile

from inspect_operator import errors
from inspect_operator.render import kind

#: They start the process that renders them.
pytestmark = pytest.mark.slow

BODY = {"metadata": {"name": "shop", "namespace": "ops", "labels": {"a": "b"}}}
CONFIG = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ name }}, namespace: {{ namespace }}}
data: {a: {{ spec.a }}}
"""


@pytest.fixture
def templates(tmp_path: pathlib.Path) -> Iterator[kind.Templates]:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "parts.jinja").write_text("{% macro labels(found) %}{{ found }}{% endmacro %}")
    made = kind.Templates(tmp_path)
    made.look()
    yield made
    made.close()


def test_hostile_values_change_nothing_but_their_place(templates: kind.Templates) -> None:
    for text in hostile.MANY:
        expected = {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop", "namespace": "ops"},
            "data": {"a": text},
        }  # fmt: skip
        assert templates.render(BODY, {"a": text}) == [expected], ascii(text)


def test_other_files_are_there_to_be_imported(templates: kind.Templates, tmp_path: pathlib.Path) -> None:
    text = "{% import 'parts.jinja' as parts %}\n" + CONFIG.replace("{{ spec.a }}", "{{ parts.labels(labels.a) }}")
    (tmp_path / "config.yaml").write_text(text)
    before = templates.look()
    (made,) = templates.render(BODY, {})
    assert made["data"] == {"a": "b"}
    (tmp_path / "parts.jinja").write_text("{% macro labels(found) %}{{ found * 2 }}{% endmacro %}")
    assert templates.look() != before
    (made,) = templates.render(BODY, {})
    assert made["data"] == {"a": "bb"}


def test_a_folder_mounted_anew_is_the_same_content(templates: kind.Templates, tmp_path: pathlib.Path) -> None:
    """A mounted ConfigMap has its files in a folder of that moment, too: ..2026_01_02/config.yaml."""
    before = templates.look()
    (tmp_path / "..2026_01_02").mkdir()
    (tmp_path / "..2026_01_02" / "config.yaml").write_text(CONFIG)
    assert templates.look() == before


def test_what_is_rendered_is_a_chart_that_says_it_word_by_word(
    templates: kind.Templates, tmp_path: pathlib.Path
) -> None:
    text = "{{ .Values.x }} ${#a[@]}\r\n"
    templates.write(templates.render(BODY, {"a": text}), tmp_path / "chart")
    (file,) = (tmp_path / "chart" / "manifests").iterdir()
    assert json.loads(file.read_text())["data"] == {"a": text}
    assert json.loads((tmp_path / "chart" / "Chart.yaml").read_text())["version"].startswith("0.1.0+")


@pytest.mark.parametrize("files", [{}, {"a.txt": ""}, {"a.yaml": b"\xff"}], ids=["nothing", "no YAML", "no UTF-8"])
def test_a_folder_without_templates_is_refused(files: dict[str, str | bytes], tmp_path: pathlib.Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(errors.SettingsInvalid, match="template: "):
        kind.Templates(tmp_path).look()
    with pytest.raises(errors.SettingsInvalid, match="no folder with templates"):
        kind.Templates(tmp_path / "none").look()
