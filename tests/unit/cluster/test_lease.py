"""One operator acts: who may take the Lease, and when it is lost."""

import asyncio
import base64
import datetime
import json
import pathlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit import cluster_in_memory

from inspect_operator import errors
from inspect_operator.cluster import account, lease

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

SECONDS = 0.3
KEY = ("Lease", "default", "inspect-operator")


def _lease(cluster: cluster_in_memory.Cluster, identity: str) -> lease.Lease:
    return lease.Lease(cluster, "default", "inspect-operator", SECONDS, identity)


def _held(cluster: cluster_in_memory.Cluster, **spec: object) -> None:
    words = {"holderIdentity": "other", "leaseDurationSeconds": SECONDS, "renewTime": "t1", "leaseTransitions": 3}
    metadata = {"name": "inspect-operator", "namespace": "default"}
    cluster.put({"kind": "Lease", "metadata": metadata, "spec": {**words, **spec}})


def _spec(cluster: cluster_in_memory.Cluster) -> dict[str, object]:
    spec: dict[str, object] = cluster.objects[KEY]["spec"]
    return spec


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_the_first_takes_it_at_once() -> None:
    cluster = cluster_in_memory.Cluster()
    started = time.monotonic()
    await _lease(cluster, "me").acquire()
    assert time.monotonic() - started < SECONDS
    assert (_spec(cluster)["holderIdentity"], _spec(cluster)["leaseTransitions"]) == ("me", 0)


async def test_one_that_was_given_back_is_taken_at_once() -> None:
    cluster = cluster_in_memory.Cluster()
    first = _lease(cluster, "first")
    await first.acquire()
    await first.release()
    started = time.monotonic()
    await _lease(cluster, "second").acquire()
    assert time.monotonic() - started < SECONDS
    assert (_spec(cluster)["holderIdentity"], _spec(cluster)["leaseTransitions"]) == ("second", 1)


async def test_a_standby_takes_it_over_once_its_holder_is_gone_and_not_before() -> None:
    cluster = cluster_in_memory.Cluster()
    first, second = _lease(cluster, "first"), _lease(cluster, "second")
    await first.acquire()
    holding = asyncio.create_task(first.hold())
    waiting = asyncio.create_task(second.stand_by())
    await asyncio.sleep(3 * SECONDS)  # the promise is about a span of time
    assert not waiting.done()
    assert _spec(cluster)["holderIdentity"] == "first"
    holding.cancel()
    died = time.monotonic()
    async with asyncio.timeout(10 * SECONDS):
        await waiting
    assert time.monotonic() - died > SECONDS / 2, "a holder that is only late is not robbed"
    assert _spec(cluster)["holderIdentity"] == "second"


async def test_a_standby_outlives_an_api_server_that_is_away() -> None:
    cluster = cluster_in_memory.Cluster()
    cluster.failing[("get", "Lease")] = errors.ClusterUnavailable("away")
    await _lease(cluster, "me").stand_by()
    assert _spec(cluster)["holderIdentity"] == "me"


async def test_an_api_server_that_is_away_now_and_then_puts_no_take_over_off() -> None:
    cluster = cluster_in_memory.Cluster()
    _held(cluster)
    one = _lease(cluster, "me")
    get, asked = cluster.get, 0

    async def sometimes(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked % 3 == 0:
            raise errors.ClusterUnavailable("away")
        return await get(*arguments)

    cluster.get = sometimes  # type: ignore[method-assign, assignment]
    started = time.monotonic()
    await one.stand_by()
    assert asked >= 6, "it was away more than once"
    assert SECONDS <= time.monotonic() - started < 2 * SECONDS


async def test_a_standby_waits_for_no_answer_that_does_not_come() -> None:
    cluster = cluster_in_memory.Cluster()
    get, hung = cluster.get, asyncio.Event()

    async def hangs_once(*arguments: Any) -> Any:
        if not hung.is_set():
            hung.set()
            await asyncio.sleep(60)
        return await get(*arguments)

    cluster.get = hangs_once  # type: ignore[method-assign, assignment]
    await asyncio.wait_for(_lease(cluster, "me").stand_by(), 5)
    assert _spec(cluster)["holderIdentity"] == "me"


async def test_a_holder_that_does_not_renew_it_is_dead_after_one_duration() -> None:
    cluster = cluster_in_memory.Cluster()
    _held(cluster)
    started = time.monotonic()
    await _lease(cluster, "me").acquire()
    assert time.monotonic() - started >= SECONDS
    assert (_spec(cluster)["holderIdentity"], _spec(cluster)["leaseTransitions"]) == ("me", 4)


@pytest.mark.parametrize("renewed", ["1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"])
async def test_clocks_are_not_compared(renewed: str) -> None:
    """A renewal time of another machine says nothing but whether it changed."""
    cluster = cluster_in_memory.Cluster()
    _held(cluster, renewTime=renewed)
    started = time.monotonic()
    await _lease(cluster, "me").acquire()
    assert time.monotonic() - started >= SECONDS


async def test_a_second_operator_names_the_holder_and_stops() -> None:
    cluster = cluster_in_memory.Cluster()
    first = _lease(cluster, "host-a_17_c0ffee")
    await first.acquire()
    holding = asyncio.create_task(first.hold())
    with pytest.raises(errors.LeaseHeld, match=r"host-a_17_c0ffee holds the Lease default/inspect-operator"):
        await _lease(cluster, "second").acquire()
    holding.cancel()
    assert _spec(cluster)["holderIdentity"] == "host-a_17_c0ffee"


async def test_of_three_that_start_at_the_same_moment_one_goes_on() -> None:
    cluster = cluster_in_memory.Cluster()
    _held(cluster, holderIdentity="")
    get = cluster.get

    async def slow(*args: Any, **_: Any) -> Any:
        found = await get(*args)
        await cluster.pause()
        return found

    cluster.get = slow  # type: ignore[method-assign]
    ends = await asyncio.gather(*(_lease(cluster, name).acquire() for name in "abc"), return_exceptions=True)
    stopped = [str(end) for end in ends if end is not None]
    assert len(stopped) == 2
    assert all(words.endswith("at the same moment") for words in stopped)
    assert _spec(cluster)["leaseTransitions"] == 4


async def test_a_write_in_between_stops_the_second() -> None:
    cluster = cluster_in_memory.Cluster()
    _held(cluster, holderIdentity="")
    cluster.failing[("replace", "Lease")] = errors.ClusterConflict("modified")
    with pytest.raises(errors.LeaseHeld, match="at the same moment"):
        await _lease(cluster, "me").acquire()


async def test_it_is_renewed_as_long_as_it_is_held() -> None:
    cluster = cluster_in_memory.Cluster()
    one = _lease(cluster, "me")
    await one.acquire()
    seen = {_spec(cluster)["renewTime"]}
    holding = asyncio.create_task(one.hold())

    def three() -> bool:
        seen.add(_spec(cluster)["renewTime"])
        return len(seen) >= 3

    await _until(three)
    assert not holding.done()
    assert _spec(cluster)["leaseTransitions"] == 0
    holding.cancel()


async def test_who_holds_it_may_write_for_less_than_its_duration_after_each_renewal() -> None:
    cluster = cluster_in_memory.Cluster()
    one = _lease(cluster, "me")
    before = time.monotonic()
    await one.acquire()
    assert before < cluster.acts_until < time.monotonic() + SECONDS
    taken = cluster.acts_until
    holding = asyncio.create_task(one.hold())
    await _until(lambda: cluster.acts_until > taken)
    cluster.refuse_late()
    holding.cancel()
    await asyncio.sleep(SECONDS)  # as if the process had been frozen
    with pytest.raises(errors.ClusterUnavailable, match="another operator may be at work"):
        cluster.refuse_late()


@pytest.mark.parametrize(
    ("namespace", "claims", "owned"),
    [
        ("default", {"namespace": "default", "serviceaccount": {"name": "op", "uid": "u1"}}, True),
        ("elsewhere", {"namespace": "default", "serviceaccount": {"name": "op", "uid": "u1"}}, False),
        ("default", {"namespace": "default"}, False),
        ("default", None, False),
    ],
)
async def test_that_of_an_installed_operator_goes_with_its_account(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, namespace: str, claims: Any, owned: bool
) -> None:
    token = tmp_path / "token"
    payload = json.dumps({"sub": "磁盘", "kubernetes.io": claims}, ensure_ascii=False).encode()
    token.write_text("e30." + base64.urlsafe_b64encode(payload).decode().rstrip("=") + ".signature")
    monkeypatch.setattr(account, "FOLDER", tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    cluster = cluster_in_memory.Cluster()
    one = lease.Lease(cluster, namespace, "inspect-operator", SECONDS)
    await one.acquire()
    holding = asyncio.create_task(one.hold())
    found = cluster.objects[("Lease", namespace, "inspect-operator")]
    await _until(lambda: cluster.objects[("Lease", namespace, "inspect-operator")] is not found)
    holding.cancel()
    owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "op", "uid": "u1"}
    renewed = cluster.objects[("Lease", namespace, "inspect-operator")]
    assert renewed["metadata"].get("ownerReferences") == ([owner] if owned else None)


async def test_it_is_lost_when_another_wrote_it(caplog: pytest.LogCaptureFixture) -> None:
    cluster = cluster_in_memory.Cluster()
    one = _lease(cluster, "me")
    await one.acquire()
    _held(cluster, holderIdentity="thief")
    await asyncio.wait_for(one.hold(), 5)
    assert "thief" in caplog.text
    assert _spec(cluster)["holderIdentity"] == "thief"


async def test_it_is_lost_when_it_was_deleted() -> None:
    cluster = cluster_in_memory.Cluster()
    one = _lease(cluster, "me")
    await one.acquire()
    del cluster.objects[KEY]
    await asyncio.wait_for(one.hold(), 5)


async def test_a_renewal_that_arrived_although_it_seemed_to_fail_loses_nothing() -> None:
    cluster = cluster_in_memory.Cluster()
    one = _lease(cluster, "me")
    await one.acquire()
    holding = asyncio.create_task(one.hold())
    _held(cluster, holderIdentity="me", renewTime="meanwhile")
    await _until(lambda: _spec(cluster)["renewTime"] != "meanwhile")
    assert not holding.done()
    holding.cancel()


async def test_it_is_given_up_before_another_may_take_it() -> None:
    """The API server is away: we stop before one whole duration is over, by our own clock."""
    cluster = cluster_in_memory.Cluster()
    one = _lease(cluster, "me")
    await one.acquire()
    taken = time.monotonic()

    async def away(*_: object, **__: object) -> Any:
        raise errors.ClusterUnavailable("connection refused")

    cluster.replace = away  # type: ignore[method-assign]
    await asyncio.wait_for(one.hold(), 5)
    assert SECONDS * 0.5 < time.monotonic() - taken < SECONDS + 0.5


async def test_an_api_server_that_does_not_answer_is_not_waited_for() -> None:
    cluster = cluster_in_memory.Cluster()
    one = _lease(cluster, "me")
    await one.acquire()
    taken = time.monotonic()

    async def hang(*_: object, **__: object) -> Any:
        await asyncio.sleep(60)

    cluster.replace = hang  # type: ignore[method-assign]
    await asyncio.wait_for(one.hold(), 5)
    assert time.monotonic() - taken < SECONDS + 0.5


async def test_giving_it_back_never_fails() -> None:
    cluster = cluster_in_memory.Cluster()
    one = _lease(cluster, "me")
    await one.acquire()
    cluster.failing[("replace", "Lease")] = errors.ClusterUnavailable("gone")
    await one.release()


async def test_an_operator_outside_looks_where_an_installed_one_has_its_lease() -> None:
    cluster = cluster_in_memory.Cluster()
    assert await lease.home(cluster, "inspect-operator") == "default"
    cluster.put({"kind": "Lease", "metadata": {"name": "inspect-operator", "namespace": "inspect-system"}, "spec": {}})
    cluster.put({"kind": "Lease", "metadata": {"name": "another", "namespace": "a"}, "spec": {}})
    assert await lease.home(cluster, "inspect-operator") == "inspect-system"
    cluster.failing[("list", "Lease")] = errors.ClusterForbidden("no")
    assert await lease.home(cluster, "inspect-operator") == "default"


def test_the_identity_says_where_the_holder_runs() -> None:
    host, pid, rest = lease.own_identity().rsplit("_", 2)
    assert host
    assert pid.isdigit()
    assert lease.own_identity().rsplit("_", 1)[1] != rest


async def _elsewhere(cluster: cluster_in_memory.Cluster, **spec: object) -> lease.Lease:
    """Another operator's Lease in a namespace of its own, and ours, taken."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    words = {"holderIdentity": "installed", "leaseDurationSeconds": SECONDS, "renewTime": now, **spec}
    metadata = {"name": "inspect-operator", "namespace": "elsewhere"}
    cluster.put({"kind": "Lease", "metadata": metadata, "spec": words})
    ours = _lease(cluster, "ours")
    await ours.acquire()
    return ours


async def test_an_operator_for_all_namespaces_refuses_beside_one_whose_lease_is_elsewhere() -> None:
    cluster = cluster_in_memory.Cluster()
    ours = await _elsewhere(cluster)
    refusing = asyncio.create_task(lease.refuse_others(cluster, ours))
    await asyncio.sleep(0)
    found = cluster.objects[("Lease", "elsewhere", "inspect-operator")]
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    cluster.put({**found, "spec": {**found["spec"], "renewTime": now + "later"}})
    with pytest.raises(errors.LeaseHeld, match="installed holds the Lease elsewhere/inspect-operator"):
        await asyncio.wait_for(refusing, 5)


@pytest.mark.parametrize("spec", [{}, {"holderIdentity": ""}, {"renewTime": "2020-01-01T00:00:00.000000Z"}])
async def test_a_lease_elsewhere_that_nobody_renews_is_no_operator(spec: dict[str, object]) -> None:
    cluster = cluster_in_memory.Cluster()
    await asyncio.wait_for(lease.refuse_others(cluster, await _elsewhere(cluster, **spec)), 5)
