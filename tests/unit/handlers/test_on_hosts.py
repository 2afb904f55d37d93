"""Tasks on hosts through all rooms: their rows, their passwords, and that these go nowhere else."""

import base64
import json
import logging
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original
from tests.unit.handlers.conftest import House

from inspect_operator import errors
from inspect_operator.handlers import queue

#: Whole passes, of which a few are enough in the quick loop.
pytestmark = pytest.mark.slow

CANARIES = ("canary-4711", "canary-4712")
REMOTE = original(
    "hosts",
    type="script",
    script="df",
    script_location="remote",
    remote_ips=[{"ip": f"10.0.0.{number}", "user": "root", "password": text} for number, text in enumerate(CANARIES)],
)
SECRET = ("Secret", "default", "night--hosts-ssh")
LOG = """\
[10.0.0.0] disk ok 45%
inspect-target {"target":"10.0.0.0","verdict":"success","reason":"Passed","exitCode":0,"counts":{"success":1}}
inspect-target {"target":"10.0.0.1","verdict":"error","reason":"Login","message":"authentication failed"}
"""


async def test_each_host_has_a_row_from_the_log(house: House) -> None:
    await house.apply(modern("hosts", target=builders.hosts("10.0.0.0", "10.0.0.1")))
    await house.finish("hosts", LOG, exit_code=1)
    row = house.row("hosts")
    assert [(one["target"], one["verdict"], one["reason"]) for one in row["targets"]] == [
        ("10.0.0.0", "success", "Passed"),
        ("10.0.0.1", "error", "Login"),
    ]
    assert house.on("hosts", "10.0.0.1")["message"] == "authentication failed"
    assert "inspect-target" not in row["outputTail"]
    assert house.condition("Finished")[0] == "True"


async def test_a_lost_log_is_asked_for_again_since_the_rows_stand_there(house: House) -> None:
    await house.apply(modern("hosts", target=builders.hosts("10.0.0.0", "10.0.0.1")))
    house.cluster.failing[("log", "Pod")] = errors.ClusterUnavailable("the node does not answer")
    await house.finish("hosts", LOG, exit_code=1)
    assert house.row("hosts")["state"] != "finished"


async def test_passwords_are_in_a_secret_of_the_inspect_before_the_run_begins(house: House) -> None:
    seen: list[bool] = []
    house.helm.before = lambda _: seen.append(SECRET in house.cluster.objects)
    await house.apply(REMOTE)
    assert seen == [True]
    secret = house.cluster.objects[SECRET]
    assert sorted(secret["data"]) == ["password-0", "password-1"]
    assert [owner["uid"] for owner in secret["metadata"]["ownerReferences"]] == ["uid-of-night"]


async def test_passwords_stand_nowhere_else(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await house.apply(REMOTE)
    await house.finish("hosts", LOG, exit_code=1)
    await house.apply(REMOTE, modern("disk"))
    others = [
        item.get("status") if key[0] == "Inspect" else item
        for key, item in house.cluster.objects.items()
        if key != SECRET
    ]
    said = json.dumps([others, house.helm.charts, house.helm.calls, house.events]) + caplog.text
    for canary in CANARIES:
        assert canary not in said


async def test_the_row_advises_against_passwords_in_the_inspect_and_keys_that_are_not_checked(house: House) -> None:
    await house.apply(REMOTE)
    assert "spec.ssh.passwordFrom" in house.row("hosts")["advice"]
    assert "spec.ssh.knownHostsFrom" in house.row("hosts")["advice"]


async def test_another_password_is_no_other_run_but_stands_in_the_secret(house: House) -> None:
    await house.apply(REMOTE)
    await house.finish("hosts", LOG)
    before, calls = dict(house.cluster.objects[SECRET]["data"]), len(house.helm.calls)
    changed = json.loads(json.dumps(REMOTE).replace(CANARIES[0], "canary-new"))
    await house.apply(changed)
    after = house.cluster.objects[SECRET]["data"]
    assert (after["password-0"] != before["password-0"], after["password-1"]) == (True, before["password-1"])
    assert len(house.helm.calls) == calls


async def test_once_passwords_are_taken_out_their_copy_goes(house: House) -> None:
    await house.apply(REMOTE)
    hosts = [{"ip": f"10.0.0.{number}", "user": "root"} for number in range(2)]
    login = {"passwordFrom": {"secretKeyRef": {"name": "logins", "key": "password"}}}
    await house.apply({"task": {**REMOTE["task"], "remote_ips": hosts}}, ssh=login)
    assert house.condition("Ready")[0] == "True"
    assert SECRET not in house.cluster.objects
    assert "passwordFrom" not in house.row("hosts").get("advice", "")


@pytest.mark.parametrize("how", ["the task", "the inspect"])
async def test_with_its_task_or_inspect_the_secret_goes(house: House, how: str) -> None:
    await house.apply(REMOTE, modern("disk"))
    if how == "the task":
        await house.apply(modern("disk"))
    else:
        await house.delete()
    assert SECRET not in house.cluster.objects


async def test_a_secret_of_somebody_else_is_not_touched_and_told(house: House) -> None:
    theirs = house.cluster.put(
        {"kind": "Secret", "metadata": {"name": SECRET[2], "namespace": "default", "labels": {}}, "data": {"a": "b"}}
    )
    await house.apply(REMOTE, modern("disk"))
    assert house.cluster.objects[SECRET] == theirs
    assert [call[1] for call in house.helm.calls] == ["night--disk"], "its pod would mount what isn't meant for it"
    assert house.condition("Ready") == ("False", "ClusterConflict")
    assert "Secret night--hosts-ssh is somebody else's" in house.row("hosts")["message"]
    await house.delete()
    assert house.cluster.objects[SECRET] == theirs
    assert house.cluster.names("Inspect") == []


@pytest.mark.parametrize("installed", [False, True])
async def test_a_password_that_could_not_be_copied_is_told_and_copied_later(
    house: House, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "FIRST_BACKOFF_SECONDS", 0.0)
    if installed:
        await house.apply(json.loads(json.dumps(REMOTE).replace("canary", "former")))
    create, replace = house.cluster.create, house.cluster.replace

    async def away(*_: Any) -> Any:
        raise errors.ClusterUnavailable("503")

    house.cluster.create = house.cluster.replace = away  # type: ignore[method-assign, assignment]
    await house.apply(REMOTE)
    assert house.condition("Ready") == ("False", "ClusterUnavailable")
    assert len(house.open_jobs()) == installed
    house.cluster.create, house.cluster.replace = create, replace  # type: ignore[method-assign]
    await house.wake()
    assert base64.b64decode(house.cluster.objects[SECRET]["data"]["password-0"]).decode() == CANARIES[0]
    assert house.condition("Ready")[0] == "True"
    assert len(house.open_jobs()) == 1
