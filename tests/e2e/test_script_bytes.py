"""What a script sees of itself in the pod are the bytes of the object's string, whatever stands in it."""

import hashlib
import json
import random

import pytest

from tests.e2e.harness import kube, process

#: `$0` is the file that the runner was given. Everything hostile comes after the exit: it is data, not run.
HEAD = 'sum=$(sha256sum "$0" | cut -d" " -f1); echo "sum ok $sum"; exit 0\n'
HOSTILE = {
    "go-template": '{{ .Values.x }} {{- fail `no` }} {{ include "x" . }}',
    "jinja": "{% raw %}{{ task.script }}{% endraw %} {# comment #} {%- set x = 1 -%}",
    "bash-hashes": "a=(1 2); echo ${#a[@]} # and a later #}\n{% if %}",
    "white-space": "\ttabs\t\n  trailing   \n\n\n   \nend  ",
    "crlf": "one\r\ntwo\r\nthree\r",
    "no-final-newline": "last line without end",
    "yaml-words": "yes\nno\n1e3\n0x1f\n~\n---\n...\n- a: b\n? c\n%YAML 1.1\n",
    "emoji": "🚀 Ünïcödé 中文，：“引号” \u200b\u2028line\u2029para\x85nel \ufeffbom \x7fdel",
    "quotes": "' \" ` \\ \\n \\u0041 $(false) ${x} $$ %s %% !x\n",
    "document-marks": "\n---\n# Source: evil\napiVersion: v1\n---\n",
    "json": '{"kind":"Secret","metadata":{"name":"x"}}\n',
}


def test_hostile_scripts_arrive_identical(operator: process.Operator, namespace: str) -> None:
    operator.start()
    scripts = {name: HEAD + text for name, text in HOSTILE.items()}
    kube.apply(kube.inspect("bytes", *({"name": name, "script": text} for name, text in scripts.items())), namespace)
    found = kube.finished(namespace, "bytes", 120)
    seen = {name: kube.row(found, name)["findings"][0]["message"] for name in scripts}
    assert seen == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in scripts.items()}


@pytest.mark.parametrize("kind", ["text", "noise"])
def test_script_of_200_kib_arrives_identical(operator: process.Operator, namespace: str, kind: str) -> None:
    """By `kubectl apply`, which keeps a copy of the object in an annotation. Noise doesn't compress, so that Helm's
    record of the release is as large as it can get."""
    operator.start()
    if kind == "text":
        filler = "# the quick brown fox jumps over the lazy dog\n" * 5000
    else:
        filler = "# " + "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=250_000))
    script = (HEAD + filler)[: 200 * 1024]
    assert len(script.encode()) == 200 * 1024
    kube.apply(kube.inspect("large", {"name": "t", "script": script}), namespace)
    row = kube.row(kube.finished(namespace, "large"), "t")
    assert row["findings"][0]["message"] == hashlib.sha256(script.encode()).hexdigest()


def test_arguments_and_environment_arrive_literally(operator: process.Operator, namespace: str) -> None:
    operator.start()
    odd = ["{{ .Values.x }}", "$(HOME) ${HOME} `id`", "yes", "", "中文 and space", "-n", "--timeout"]
    script = (
        "import hashlib, json, os, sys\n"
        "seen = json.dumps([sys.argv[1:], os.environ['ODD']])\n"
        "print('sum ok', hashlib.sha256(seen.encode()).hexdigest())\n"
    )
    value = "a,b=c \"quoted\" 'single' $(HOME) {{ x }}\nsecond line"
    task = {
        "name": "t",
        "script": script,
        "interpreter": "python3",
        "args": odd,
        "env": [{"name": "ODD", "value": value}],
    }
    kube.apply(kube.inspect("literal", task), namespace)
    row = kube.row(kube.finished(namespace, "literal"), "t")
    assert row["findings"][0]["message"] == hashlib.sha256(json.dumps([odd, value]).encode()).hexdigest()
