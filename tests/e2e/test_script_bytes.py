"""What a script sees of itself in the pod are the bytes of the object's string, whatever stands in it."""

import copy
import hashlib
import json
import random

import pytest

from inspect_operator import yaml_json
from tests.e2e.harness import kube, process
from tests.unit import hostile

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


@pytest.mark.timeout(240)
def test_hundreds_of_hostile_texts_change_nothing_around_them(operator: process.Operator, namespace: str) -> None:
    """Through kubectl, the operator's templates, Helm and the API server, each as an argument and as a variable."""
    texts = [text for text in hostile.MANY if not yaml_json.unholdable(text)]
    assert len(texts) > 500
    operator.start()

    def task(name: str, values: tuple[str, ...]) -> kube.Object:
        env = [{"name": f"E{number}", "value": value} for number, value in enumerate(values)]
        never = {"schedule": "0 3 1 1 *", "suspend": True}
        return {"name": name, "script": "true", "args": list(values), "env": env, **never}

    parts = {f"part-{start}": tuple(texts[start : start + 64]) for start in range(0, len(texts), 64)}
    harmless = {"harmless": tuple("x" for _ in range(64))}
    tasks = [task(name, values) for name, values in {**parts, **harmless}.items()]
    kube.apply(kube.inspect("texts", *tasks), namespace)
    names = {f"texts--{name}" for name in (*parts, "harmless")}
    kube.until("installed", lambda: kube.names("cronjobs", namespace) == names, 150)
    found = {one["metadata"]["name"]: one["spec"] for one in kube.items("cronjobs", namespace)}
    plain = found.pop("texts--harmless")
    assert _taken_out(plain, "harmless") == (list(harmless["harmless"]), list(harmless["harmless"]))
    for name, values in parts.items():
        spec = found[f"texts--{name}"]
        # Kubernetes makes one dollar of two, and so nothing is expanded.
        doubled = [value.replace("$", "$$") for value in values]
        assert _taken_out(spec, name) == (doubled, doubled)
        assert spec == plain


def _taken_out(spec: kube.Object, name: str) -> tuple[list[str], list[str]]:
    """Arguments and variables of the task; what is left in the spec is the same for all of them."""
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    arguments, env = container["args"], container["env"]
    own = [one for one in env if one["name"].startswith("E") and one["name"][1:].isdigit()]
    at = arguments.index("--") + 1
    found = arguments[at:], [one.get("value", "") for one in own]
    container["args"], container["env"] = arguments[:at], [one for one in env if one not in own]
    text = json.dumps(spec).replace(f"texts--{name}", "NAME").replace(name, "TASK")
    spec.clear()
    spec.update(copy.deepcopy(json.loads(text)))
    return found
