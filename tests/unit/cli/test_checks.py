"""The catalogue of checks, which needs no cluster."""

import json

import pytest
from tests.unit import golden

from inspect_operator.cli import main
from inspect_operator.render import checks as checks_on_disk
from inspect_operator.settings import data_folder

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

KNOWN = checks_on_disk.load(data_folder("checks"))


def test_all_of_them_are_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    assert main.main(["checks", "-o", "name"]) == 0
    assert capsys.readouterr().out.split() == list(KNOWN)
    assert main.main(["checks"]) == 0
    table = capsys.readouterr().out
    assert all(one.help in table for one in KNOWN.values())


@pytest.mark.parametrize("name", ["disk-usage", "pods-abnormal", "cpu.sh", "tls-expiry"])
def test_one_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["checks", "--explain", name]) == 0
    golden.check(f"explain-{name}.txt", capsys.readouterr().out)


@pytest.mark.parametrize("name", list(KNOWN))
def test_each_can_be_explained_to_people_and_programs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["checks", "--explain", name]) == 0
    text = capsys.readouterr().out
    assert main.main(["checks", "--explain", name, "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == name
    assert all(parameter in text for parameter in told["parameters"])


def test_one_that_there_is_not_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["checks", "--explain", "usage"]) == 2
    assert "there is cpu-usage, disk-usage, inode-usage, memory-usage" in capsys.readouterr().err
