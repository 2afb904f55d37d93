"""The command line itself: what it takes, and that its reference tells it."""

import argparse
import contextlib
import io
import json
import os
import pathlib
import re
import subprocess

import pytest

from inspect_operator.cli import command, commands, main, typed

REFERENCE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "cli.md"


def _options(parser: argparse.ArgumentParser) -> set[str]:
    return {name for action in parser._actions for name in action.option_strings}


def _subparsers() -> dict[str, argparse.ArgumentParser]:
    return typed.complete(typed.parser())


@pytest.mark.parametrize("name", list(commands.HELP))
def test_the_reference_tells_every_flag_and_no_other(name: str) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"docs/cli.md has no section {name}"
    first_cells = " ".join(re.findall(r"^\| (.*?) \|", found[1], re.MULTILINE))
    told = set(re.findall(r"`(--?[a-zA-Z][\w-]*)`", first_cells))
    shared = _options(typed.parser())
    assert told - shared == _options(_subparsers()[name]) - shared


def test_the_reference_tells_the_flags_of_all_and_the_exit_codes() -> None:
    head = REFERENCE.read_text(encoding="utf-8").partition("\n## get\n")[0]
    for option in _options(typed.parser()) - {"-h", "--help"}:
        assert f"`{option}" in head or f", {option}" in head, option
    for code in command.Exit:
        assert f"| {code.value} |" in head, code


@pytest.mark.parametrize(
    "line", ["-n a get", "get -n a", "--kubeconfig x -n a get b", "get b -n a --kubeconfig x", "-n other get -n a"]
)
def test_flags_stand_before_the_command_or_after_it(line: str) -> None:
    parsed = typed.parser().parse_args(line.split())
    assert (parsed.namespace, parsed.all_namespaces, parsed.context) == ("a", False, None)
    assert parsed.kubeconfig == ("x" if "kubeconfig" in line else None)


@pytest.mark.parametrize("name", list(commands.HELP))
def test_help_tells_what_it_does_and_an_example(name: str) -> None:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), pytest.raises(SystemExit) as ended:
        main.main([name, "--help"])
    assert ended.value.code == 0
    assert commands.HELP[name] in " ".join(shown.getvalue().split())
    assert commands.load(name).examples
    for example in commands.load(name).examples:
        assert example in shown.getvalue()


def test_examples_can_be_typed() -> None:
    for name in commands.HELP:
        for example in commands.load(name).examples:
            words = example.replace("source <(", "").rstrip(")").replace("kubectl-inspections", "kubectl inspections")
            without_redirection = words.partition(" > ")[0]
            assert typed.parser().parse_args(without_redirection.split()[2:]).command == name


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for name in commands.HELP:
        assert name in script


def test_bash_completes(capsys: pytest.CaptureFixture[str]) -> None:
    main.main(["completion", "bash"])
    script = capsys.readouterr().out
    ask = 'COMP_WORDS=(kubectl-inspections report --form); COMP_CWORD=2; COMP_LINE="x"; '
    function = re.search(r"complete .*-F (\S+) kubectl-inspections", script)
    assert function, script[-300:]
    done = subprocess.run(
        ["bash", "-c", f'{script}\n{ask}{function[1]}; echo "${{COMPREPLY[@]}}"'],
        capture_output=True, text=True, timeout=20, check=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.stdout.split() == ["--format"], done.stderr


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("get pod/health", 2, "error: pod/health: write the name of an Inspect, or inspect/NAME"),
        ("get health -A", 2, "error: names don't go together with -A or -l: give one or the other"),
        ("run health -A", 2, "error: one Inspect is in one namespace: say -n instead of -A"),
        ("get -o json --watch", 2, "error: --watch goes together with -o tree and -o wide only"),
        ("run health --timeout 5", 2, "argument --timeout: write a number and s, m or h, such as 90s"),
        ("run", 2, "error: name the Inspect to run; see: kubectl inspections get"),
        ("run health -f a.yaml", 2, "error: --filename goes together with --local only"),
        ("run --local", 2, "error: --local needs the file with the Inspect: -f FILE"),
        ("run --local -f a.yaml --no-wait", 2, "error: --no-wait is about a cluster; leave it out with --local"),
        ("run --local -f /none.yaml", 2, "error: /none.yaml: "),
        ("doctor -l a=b", 2, "error: -l selects Inspects; doctor looks at all of them"),
        ("logs health --tail -1", 2, "argument --tail: expected 0 or more"),
        ("report --output report.pdf", 2, "error: report.pdf: say which form by -o, one of html, md, junit, json"),
        ("frobnicate", 2, "invalid choice: 'frobnicate'"),
        ("", 2, "the following arguments are required: COMMAND"),
        ("get --kubeconfig /none", 3, "error: no way to the API server: there is no /none; name a kubeconfig by"),
        ("get --context none", 3, "error: no way to the API server: the kubeconfig is not usable"),
        ("get", 3, "Cannot connect to host 127.0.0.1:9"),
    ],
)
def test_what_is_wrong_is_told_in_words_and_by_the_exit_code(
    line: str,
    code: int,
    words: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "config"
    cluster = {"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    whole = {"clusters": [cluster], "contexts": [context], "users": [{"name": "u", "user": {}}], "current-context": "c"}
    config.write_text(json.dumps(whole))
    monkeypatch.setenv("KUBECONFIG", str(config))
    try:
        ended = main.main(line.split())
    except SystemExit as error:  # argparse's own
        ended = int(error.code or 0)
    said = capsys.readouterr()
    assert (ended, said.out) == (code, "")
    assert words in said.err
