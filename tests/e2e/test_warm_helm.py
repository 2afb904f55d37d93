"""Warm helm does what helm does: every command line that the operator writes goes through both, and what they print,
store and make is compared, in success and in failure."""

import asyncio
import base64
import gzip
import json
import os
import pathlib
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from inspect_operator.release import warm
from tests.e2e.harness import kube

TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
MANIFESTS = '{{- range $path, $text := .Files.Glob "manifests/*.json" }}\n---\n{{ $text | toString }}\n{{- end }}\n'


class Pair:
    """The same release in two namespaces: one by helm, one by warm helm."""

    def __init__(self, folder: pathlib.Path, engine: warm.Engine) -> None:
        mark = secrets.token_hex(2)
        # Equally long, and told apart by one word that can be put back.
        self.namespaces = (f"t-warm-{mark}-exec", f"t-warm-{mark}-warm")
        self.folder = folder
        self.engine = engine
        self.release = "r"
        self.extra: list[str] = []
        self._charts = 0

    def chart(self, *manifests: kube.Object, metadata: str = "", templates: dict[str, str] | None = None) -> str:
        """A chart as the operator's: manifests as files, told apart by their number."""
        self._charts += 1
        folder = self.folder / f"chart{self._charts}"
        (folder / "templates").mkdir(parents=True)
        (folder / "manifests").mkdir()
        (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: inspection\nversion: 0.1.0+abc\n{metadata}")
        for number, manifest in enumerate(manifests):
            (folder / "manifests" / f"{number}.json").write_text(json.dumps(manifest))
        for name, text in ({"m.yaml": MANIFESTS} if templates is None else templates).items():
            (folder / "templates" / name).write_text(text)
        return str(folder)

    async def upgrade(self, chart: str, *more: str, values: str = "{}") -> warm.Answer:
        """As the operator's Command writes it."""
        return await self.both(
            "upgrade", self.release, chart, "--history-max", "3", "--install", "--output", "json", "--timeout", "60s",
            "--values", "-", "--description", "why, in \"words\"", "--force-conflicts",
            "--disable-openapi-validation", "--labels", "a.b/owner=x,digest=y", *more, stdin=values,
        )  # fmt: skip

    async def uninstall(self, *more: str) -> warm.Answer:
        return await self.both("uninstall", self.release, "--timeout", "60s", *more)

    async def both(self, *arguments: str, stdin: str = "") -> warm.Answer:
        """The answer, which is the same; and so is everything in the two namespaces afterwards."""
        answers = []
        for which, namespace in enumerate(self.namespaces):
            argv = [*arguments, *self.extra, "--namespace", namespace, "--qps", "100", "--burst-limit", "200"]
            if which:
                got = await self.engine.run(argv, stdin.encode(), quiet=False, patience=lambda: 10)
                assert got is not None, "warm helm did not understand, or did not run"
            else:
                got = await by_exec(argv, stdin.encode())
            answers.append(got)
        helm, ours = answers
        assert ours.code == helm.code, (helm, ours)
        assert self.plain(printed(ours.stdout), 1) == self.plain(printed(helm.stdout), 0)
        assert self.plain(words(ours.stderr), 1) == self.plain(words(helm.stderr), 0)
        for state in (self.stored, self.objects):
            assert state(1) == state(0)
        if ours.revisions is not None:
            told = {one["metadata"]["name"]: one["metadata"]["labels"] for one in ours.revisions}
            assert told == {
                one["metadata"]["name"]: one["metadata"]["labels"]
                for one in kube.items("secrets", self.namespaces[1], labels=f"owner=helm,name={self.release}")
            }
        return ours

    def stored(self, which: int) -> Any:
        """Helm's records, decoded."""
        found = {}
        for one in kube.items("secrets", self.namespaces[which], labels="owner=helm"):
            raw = gzip.decompress(base64.b64decode(base64.b64decode(one["data"]["release"])))
            labels = {k: v for k, v in one["metadata"]["labels"].items() if k not in ("createdAt", "modifiedAt")}
            found[one["metadata"]["name"]] = (labels, one["type"], json.loads(raw))
        return self.plain(json.dumps(found, sort_keys=True), which)

    def objects(self, which: int) -> Any:
        """What stands in the namespace, as far as it is not the cluster's own doing; who manages which field too."""
        found = []
        for one in kube.items("configmaps,jobs,services", self.namespaces[which]):
            metadata = one["metadata"]
            if metadata["name"] == "kube-root-ca.crt":
                continue
            managers = [
                (entry["manager"], entry["operation"], entry["fieldsV1"])
                for entry in metadata.get("managedFields", ())
                if entry["manager"] != "kube-controller-manager"
            ]
            own = {k: v for k, v in metadata.get("labels", {}).items() if "controller-uid" not in k}
            found.append([
                one["kind"], metadata["name"], own, metadata.get("annotations"), managers,
                {k: v for k, v in one.items() if k == "data"}, one.get("spec", {}).get("parallelism"),
            ])  # fmt: skip
        return self.plain(json.dumps(found, sort_keys=True), which)

    def plain(self, text: str, which: int) -> str:
        """Without what differs from call to call."""
        text = TIMES.sub("TIME", text).replace(self.namespaces[which], "NAMESPACE")
        text = text.replace(f"{self.namespaces[0]}:weak", "NAMESPACE:weak")
        return re.sub(r"0x[0-9a-f]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)

    def in_both(self, *arguments: str, stdin: str | None = None) -> None:
        """kubectl in either namespace."""
        for namespace in self.namespaces:
            kube.run(*arguments, "-n", namespace, stdin=stdin)


async def by_exec(argv: list[str], stdin: bytes) -> warm.Answer:
    process = await asyncio.create_subprocess_exec(
        "helm", *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    stdout, stderr = await asyncio.wait_for(process.communicate(stdin), 60)
    return warm.Answer(process.returncode or 0, stdout, stderr)


def printed(stdout: bytes) -> str:
    """JSON with its keys in order: maps of Go have none."""
    try:
        return json.dumps(json.loads(stdout), sort_keys=True)
    except ValueError:
        return stdout.decode()


def words(stderr: bytes) -> str:
    """Without the client library's own warnings and retries, which carry times and pids; and without the address of
    the request at which an API server was found to be away: warm helm begins with another one."""
    lines = [line for line in stderr.decode().splitlines() if not re.match(r"[EIW]\d{4} ", line)]
    return re.sub(r'Get \\?"http[^"]*"', "GET", "\n".join(lines))


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[warm.Engine]:
    made = warm.Engine(shutil.which("warm-helm") or "warm-helm is not on PATH")
    yield made
    await made.close()


@pytest.fixture
def pair(tmp_path: pathlib.Path, engine: warm.Engine) -> Iterator[Pair]:
    made = Pair(tmp_path, engine)
    for namespace in made.namespaces:
        kube.run("create", "namespace", namespace)
    yield made
    kube.run("delete", "namespace", *made.namespaces, "--wait=false", "--ignore-not-found")


def config_map(text: str, name: str = "c") -> kube.Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"script": text}}


def job(name: str, image: str = "none", **spec: Any) -> kube.Object:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"suspend": True, "template": {"spec": pod}, **spec},
    }


async def test_life_of_a_release(pair: Pair) -> None:
    # Bytes that YAML, JSON and Go's templates are known to change.
    script = "echo {{ .x }} ${#a[@]} \u2028 é 中 \t\r\n'yes' 1e3\n"
    for number, name in enumerate(["j1", "j1", "j2", "j3", "j3"], 1):
        chart = pair.chart(config_map(script if number < 3 else f"{script}{number}"), job(name))
        assert (await pair.upgrade(chart)).code == 0
    # The history is cut at three, and one answer told of all that.
    kept = kube.names("secrets", pair.namespaces[1])
    assert kept == {f"sh.helm.release.v1.r.v{number}" for number in (3, 4, 5)}
    assert kube.there("configmap", pair.namespaces[1], "c")["data"] == {"script": f"{script}5"}
    # An object that somebody deleted comes back; one that somebody edited is won back.
    pair.in_both("delete", "job", "j3")
    pair.in_both("patch", "configmap", "c", "--type=merge", "-p", '{"data":{"script":"mine","more":"theirs"}}')
    assert (await pair.upgrade(chart)).code == 0
    assert (await pair.uninstall()).code == 0
    assert kube.names("secrets,jobs", pair.namespaces[1]) == set()
    assert "release: not found" in (await pair.uninstall()).stderr.decode()
    assert (await pair.uninstall("--ignore-not-found")).code == 0


async def test_values_hooks_and_capabilities_of_other_charts(pair: Pair) -> None:
    hook = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: h\n  annotations: {helm.sh/hook: pre-install}\n"
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
        "  a: {{ .Values.a | quote }}\n  v: {{ .Capabilities.KubeVersion }}/{{ .Capabilities.HelmVersion.Version }}\n"
        '  j: {{ .Capabilities.APIVersions.Has "batch/v1/Job" | quote }}\n  u: {{ .Release.IsUpgrade | quote }}\n'
        '  l: {{ (lookup "v1" "ConfigMap" .Release.Namespace "kube-root-ca.crt").metadata.name }}\n'
    )
    chart = pair.chart(templates={"c.yaml": text, "h.yaml": hook, "NOTES.txt": "a note of {{ .Release.Name }}"})
    assert (await pair.upgrade(chart, values='{"a": "by value"}')).code == 0
    assert (await pair.upgrade(chart, values="{}")).code == 0
    assert (await pair.upgrade(chart, values="a: [")).code == 1


@pytest.mark.parametrize("before", ["nothing", "a release"])
async def test_refusals(pair: Pair, before: str) -> None:
    good = pair.chart(config_map("one"), job("j"))
    if before == "a release":
        assert (await pair.upgrade(good)).code == 0
    failures = {
        "field not declared in schema": pair.chart(config_map("two"), job("k", nonsense=1)),
        "no matches for kind": pair.chart({"apiVersion": "no.such/v1", "kind": "Thing", "metadata": {"name": "n"}}),
        "is invalid": pair.chart(config_map("three", name="Not_A_Name")),
        "YAML parse error": pair.chart(templates={"bad.yaml": "a: b: c\n"}),
        "nil pointer": pair.chart(templates={"bad.yaml": "{{ .Values.a.b.c }}"}),
        "missing in charts": pair.chart(config_map("x"), metadata="dependencies: [{name: d, version: 1.0.0}]\n"),
        "Chart.yaml": str(pair.folder),
    }
    for said, chart in failures.items():
        answer = await pair.upgrade(chart)
        assert (answer.code, said in answer.stderr.decode()) == (1, True), (said, answer)
    assert (await pair.upgrade(good)).code == 0
    changed = await pair.upgrade(pair.chart(config_map("one"), job("j", image="another")))
    assert "field is immutable" in changed.stderr.decode()
    assert (await pair.upgrade(pair.chart(config_map("four"), job("j2")))).code == 0


async def test_what_belongs_to_somebody_else(pair: Pair) -> None:
    pair.in_both("create", "configmap", "c", "--from-literal=script=theirs")
    answer = await pair.upgrade(pair.chart(config_map("ours"), job("j")))
    assert "exists and cannot be imported" in answer.stderr.decode()
    assert (await pair.upgrade(pair.chart(job("j")))).code == 0
    answer = await pair.upgrade(pair.chart(config_map("ours"), job("j")))
    assert "exists and cannot be imported" in answer.stderr.decode()


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "uninstalling", "uninstalled"])
async def test_a_release_that_was_left_half_done(pair: Pair, status: str) -> None:
    chart = pair.chart(config_map("one"), job("j"))
    assert (await pair.upgrade(chart)).code == 0
    for namespace in pair.namespaces:
        secret = kube.items("secrets", namespace)[0]
        record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
        record["info"]["status"] = status
        data = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()
        patch = {"metadata": {"labels": {"status": status}}, "data": {"release": data}}
        kube.merge("secret", namespace, secret["metadata"]["name"], patch)
    assert (await pair.upgrade(chart)).code == (0 if status == "uninstalled" else 1)
    assert (await pair.uninstall("--ignore-not-found")).code == 0
    assert kube.names("secrets,jobs", pair.namespaces[1]) == set()


@pytest.mark.parametrize("name", ["a" * 54, "a" * 53, "UPPER", "a_b", "-"])
async def test_names(pair: Pair, name: str) -> None:
    pair.release = name
    chart = pair.chart(config_map("one"))
    if name == "-":  # a dash alone is a name to helm's flags
        assert (await pair.upgrade(chart)).code == 1
        return
    assert (await pair.upgrade(chart)).code == (0 if name == "a" * 53 else 1)
    await pair.uninstall()


async def test_a_namespace_that_is_missing_or_going(pair: Pair) -> None:
    chart = pair.chart(config_map("one"))
    assert (await pair.upgrade(chart)).code == 0
    # A finalizer keeps it in this state for as long as it is looked at.
    for namespace in pair.namespaces:
        kube.run("create", "configmap", "stays", "-n", namespace)
        kube.merge("configmap", namespace, "stays", {"metadata": {"finalizers": ["example.com/stays"]}})
    kube.run("delete", "namespace", *pair.namespaces, "--wait=false")
    kube.until("only that is left", lambda: all(kube.names("secrets", one) == set() for one in pair.namespaces))
    answer = await pair.upgrade(chart)
    assert "being terminated" in answer.stderr.decode()
    for namespace in pair.namespaces:
        kube.merge("configmap", namespace, "stays", {"metadata": {"finalizers": None}})
    kube.until("gone", lambda: all(kube.get("namespace", "", one) is None for one in pair.namespaces))
    argv = ["upgrade", "r", chart, "--install", "--output", "json", "--disable-openapi-validation", "-n"]
    helm = await by_exec([*argv, pair.namespaces[0]], b"")
    ours = await pair.engine.run([*argv, pair.namespaces[1]], b"", quiet=False, patience=lambda: 10)
    assert ours is not None
    assert (ours.code, pair.plain(words(ours.stderr), 1)) == (helm.code, pair.plain(words(helm.stderr), 0))


async def test_an_account_without_rights(pair: Pair, tmp_path: pathlib.Path) -> None:
    """Other clusters and accounts are told apart by their kubeconfig."""
    pair.in_both("create", "serviceaccount", "weak")
    config = json.loads(kube.run("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
    token = kube.run("create", "token", "weak", "-n", pair.namespaces[0]).strip()
    config["users"][0]["user"] = {"token": token}
    weak = tmp_path / "weak.kubeconfig"
    weak.write_text(json.dumps(config))
    chart = pair.chart(config_map("one"))
    assert (await pair.upgrade(chart)).code == 0
    pair.extra = ["--kubeconfig", str(weak)]
    assert "is forbidden" in (await pair.upgrade(chart)).stderr.decode()
    # A kubeconfig that changed is read anew.
    weak.write_text(json.dumps(config | {"clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:9"}}]}
                               | {"contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                                  "users": [{"name": "x", "user": {}}], "current-context": "x"}))  # fmt: skip
    answer = await pair.upgrade(chart)
    assert "kubernetes cluster unreachable" in answer.stderr.decode()
    await pair.uninstall("--ignore-not-found")
    pair.extra = []
    assert (await pair.upgrade(chart)).code == 0


async def test_a_kind_that_comes_and_goes(pair: Pair) -> None:
    """API discovery is kept, but not for ever."""
    group = f"{secrets.token_hex(3)}.warm.test"
    thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "n"}}
    chart = pair.chart(thing)
    asking = pair.chart(
        templates={
            "c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
            f'data: {{has: {{{{ .Capabilities.APIVersions.Has "{group}/v1" | quote }}}}}}\n'
        }
    )
    assert (await pair.upgrade(asking)).code == 0
    assert "no matches for kind" in (await pair.upgrade(chart)).stderr.decode()
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
            "versions": [{"name": "v1", "served": True, "storage": True,
                          "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    }  # fmt: skip
    kube.run("apply", "-f", "-", stdin=json.dumps(crd))
    try:
        kube.run("wait", "--for=condition=Established", f"crd/things.{group}", "--timeout=30s")
        kube.until("it is served", lambda: kube.run("get", f"things.{group}", "-A") == "")
        assert (await pair.upgrade(asking)).code == 0
        assert (await pair.upgrade(chart)).code == 0
    finally:
        kube.run("delete", "crd", f"things.{group}")
    assert (await pair.upgrade(asking)).code == 1  # what the last revision holds is no longer known
    assert (await pair.uninstall()).code == 1


async def test_what_is_not_understood_is_for_the_real_helm(pair: Pair) -> None:
    upgrade = ["upgrade", "r", "/chart", "--install", "--output", "json", "--disable-openapi-validation", "-n", "n"]
    for argv in (
        ["version"],
        ["list", "-n", "n"],
        [*upgrade, "--wait"],
        [*upgrade, "--set", "a=b"],
        [*upgrade, "--values", "/etc/passwd"],
        [part for part in upgrade if part != "--disable-openapi-validation"],
        ["upgrade", "r", "oci://host/chart", *upgrade[3:]],
        ["uninstall", "r"],
        ["uninstall", "r", "s", "-n", "n"],
        [],
    ):
        assert await pair.engine.run(argv, None, quiet=False, patience=lambda: 1) is None, argv


async def test_many_at_once_in_bounded_memory(pair: Pair) -> None:
    """Each call has its own release, output and end, whatever runs beside it."""
    text = "x" * 100_000
    charts = [pair.chart(config_map(f"{number} {text}", name=f"c{number}"), job(f"j{number}")) for number in range(40)]
    flags = ["--install", "--output", "json", "--disable-openapi-validation", "--qps", "100", "--burst-limit", "200"]
    slots = asyncio.Semaphore(8)

    async def one(number: int) -> warm.Answer | None:
        async with slots:
            argv = ["upgrade", f"r{number}", charts[number], *flags, "-n", pair.namespaces[1]]
            return await pair.engine.run(argv, None, quiet=False, patience=lambda: 10)

    for _ in range(2):
        for number, got in enumerate(await asyncio.gather(*map(one, range(40)))):
            assert got is not None
            assert got.code == 0, got.stderr
            assert json.loads(got.stdout)["name"] == f"r{number}"
    listed = json.loads(kube.helm("list", "-n", pair.namespaces[1], "-o", "json"))
    assert {one["name"]: (one["revision"], one["status"]) for one in listed} == {
        f"r{number}": ("2", "deployed") for number in range(40)
    }
    assert held_kib("warm-helm") < 160 * 1024


def held_kib(name: str) -> int:
    """The memory of our one child of that name, page cache aside."""
    children = pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    (pid,) = [pid for pid in children if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == name]
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["RssAnon"].split()[0])
