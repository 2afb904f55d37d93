"""Two operators under load, of which one leads: it dies, or is frozen for longer than its Lease lasts. The other takes
over soon; at rest nothing is lost and nothing ran twice; and whoever led before writes nothing any more."""

import datetime
import functools
import json
import pathlib
import random
import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.harness import containers, kube, load, marker, process

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = "charts/inspect-operator"
#: What is promised with the Lease of 15 seconds that is the default.
TAKEOVER, LEASE_SECONDS = datetime.timedelta(seconds=20), 15
EXIT_LEASE = 3
FEW = ("kill", "freeze", "kill")
MANY = ("kill", "kill", "freeze", "kill", "kill", "kill", "freeze", "kill", "kill", "kill", "freeze", "kill", "kill")


class Replica(process.Operator):
    """An operator with an account of its own: the audit log then tells what it did from what the other one did."""

    def __init__(self, namespace: str, name: str, runner_image: str, folder: pathlib.Path, engine: str) -> None:
        folder.mkdir()
        self.name = name
        super().__init__(ROOT, namespace, runner_image, folder)
        self.environment = {"KUBECONFIG": str(_account(namespace, name, folder))}
        self.settings |= {"STAND_BY": "true", "LEASE_SECONDS": str(LEASE_SECONDS), "HELM_ENGINE": engine}

    def stands_by(self) -> bool:
        """Whether it has seen that the other one leads."""
        return "lease was held" in self.last_log()


def _account(namespace: str, name: str, folder: pathlib.Path) -> pathlib.Path:
    """A kubeconfig by which whoever uses it is an administrator under this name."""
    kube.run("create", "serviceaccount", name, "-n", namespace)
    account = ("--clusterrole=cluster-admin", f"--serviceaccount={namespace}:{name}")
    kube.run("create", "clusterrolebinding", f"{namespace}-{name}", *account)
    config = json.loads(kube.run("config", "view", "--raw", "--minify", "-o", "json"))
    token = kube.run("create", "token", name, "-n", namespace, "--duration=2h").strip()
    config["users"][0]["user"] = {"token": token}
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    return path


Make = Callable[[str, str], Replica]


@pytest.fixture
def make(namespace: str, runner_image: str, tmp_path: pathlib.Path) -> Iterator[Make]:
    """Replicas by name and helm engine. None may log a traceback."""
    made: list[Replica] = []

    def new(name: str, engine: str) -> Replica:
        made.append(Replica(namespace, name, runner_image, tmp_path / name, engine))
        return made[-1]

    yield new
    for one in made:
        one.kill()
        kube.run("delete", "clusterrolebinding", f"{namespace}-{one.name}", "--ignore-not-found")
    for one in made:
        assert "Traceback" not in one.log(), one.log()


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    ("engines", "faults"),
    [
        pytest.param(("exec", "warm"), FEW, id="few"),
        pytest.param(("exec", "exec"), MANY, id="many-exec", marks=pytest.mark.soak),
        pytest.param(("warm", "warm"), MANY, id="many-warm", marks=pytest.mark.soak),
    ],
)
def test_a_leader_dies_or_is_frozen(
    make: Make, namespace: str, engines: tuple[str, str], faults: tuple[str, ...]
) -> None:
    # A seed that is told: the moments can be had again.
    dice = random.Random(7)
    leader, other = make("first", engines[0]), make("second", engines[1])
    with marker.Markers() as markers:
        work = load.Load(namespace, markers, dice, objects=12)
        leader.start()
        other.begin()
        for fault in faults:
            kube.until("the other stands by", other.stands_by)
            work.turn()
            time.sleep(dice.random() * 3)
            struck = _now()
            if fault == "kill":
                leader.kill()
            else:
                leader.freeze()
            work.turn()  # nobody leads; people go on
            kube.until("the other leads", other.serves)
            assert _taken(namespace) - struck < TAKEOVER
            if fault == "freeze":
                leader.thaw()
                assert leader.wait(10) == EXIT_LEASE
                assert "lease was lost" in leader.last_log()
            leader, other = other, leader
            other.begin()
        work.assert_all_is_well()
        accounts = {f"system:serviceaccount:{namespace}:{name}" for name in ("first", "second")}
        assert work.assert_only_who_held_the_lease_wrote() == accounts


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_leader_of_the_chart_dies_or_is_frozen(namespace: str, runner_image: str) -> None:
    """The same with the two pods that the chart makes, whose processes are struck from outside."""
    dice = random.Random(8)
    tag = runner_image.rpartition(":")[2]
    values = f"image.tag={tag},runner.image.tag={tag},watchNamespaces={{{namespace}}},replicas=2,nodeTargets=true"
    also = "crds.install=false,checks.install=false,helmEngine=warm"
    with marker.Markers() as markers:
        work = load.Load(namespace, markers, dice, objects=12, others={"op"})
        try:
            kube.helm(
                "install", "op", CHART, "-n", namespace, "--set", values, "--set", also, "--wait", "--timeout", "90s"
            )
            for fault in FEW:
                # One that ended more than once is started again by the kubelet after some time only.
                holder = kube.until("one leads, one stands by", lambda: _ready_holder(namespace, standing_by=1), 120)
                work.turn()
                time.sleep(dice.random() * 3)
                pid = containers.pid(_pod(namespace, holder), "inspect_operator")
                struck = _now()
                containers.kill(pid) if fault == "kill" else containers.freeze(pid)
                work.turn()
                kube.until("another leads", functools.partial(_ready_holder, namespace, holder))
                assert _taken(namespace) - struck < TAKEOVER
                if fault == "freeze":
                    containers.thaw(pid)
                    kube.until("it has ended", functools.partial(containers.ended, pid), 10)
            work.assert_all_is_well()
            assert len(work.assert_only_who_held_the_lease_wrote()) == 2
        finally:  # some of it is in the whole cluster
            kube.helm("uninstall", "op", "-n", namespace, "--wait", "--timeout", "120s", seconds=150)


def _ready_holder(namespace: str, but: str = "", standing_by: int = 0) -> str:
    """Who holds the Lease, as `pod_pid_random`, once it says that it serves, and so many others that they stand by. One
    that is frozen (`but`) is not to be asked: its answer would not come."""
    found = kube.get("lease", namespace, "inspect-operator") or {}
    holder = str(found.get("spec", {}).get("holderIdentity") or "")
    pods = kube.names("pods", namespace, labels="app.kubernetes.io/name=inspect-operator")
    if holder in ("", but) or not _says(namespace, holder.partition("_")[0], "serving"):
        return ""
    others = pods - {holder.partition("_")[0], but.partition("_")[0]}
    return holder if sum(_says(namespace, pod, "standing by") for pod in others) >= standing_by else ""


def _says(namespace: str, pod: str, words: str) -> bool:
    """Whether a pod's answer to the kubelet begins so."""
    try:
        said = kube.run("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}:8080/proxy/readyz")
    except kube.Failed:  # not there yet
        return False
    return said.startswith(words)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _taken(namespace: str) -> datetime.datetime:
    """When the Lease was taken by who holds it, on this machine's clock as all of them."""
    taken = kube.there("lease", namespace, "inspect-operator")["spec"]["acquireTime"]
    return datetime.datetime.fromisoformat(taken)


def _pod(namespace: str, holder: str) -> str:
    """Its uid."""
    return str(kube.there("pod", namespace, holder.partition("_")[0])["metadata"]["uid"])
