"""Whether a run that was asked for has ended, read off rows as the operator in memory writes them."""

from tests.unit.builders import modern, node
from tests.unit.handlers.conftest import House, house

from inspect_operator.cli import asked
from inspect_operator.plan import trigger

__all__ = ["house"]  # the fixture

DISK = modern("disk", script="df")
NIGHTLY = modern("nightly", script="df", schedule="@daily")
ON_NODES = modern("each", script="df", target={"nodes": {}})
NIGHTLY_ON_NODES = modern("nightly-each", script="df", schedule="@daily", target={"nodes": {}})


def _body(house: House) -> asked.Object:
    return house.cluster.objects[("Inspect", "default", "night")] | {"status": house.status()}


def _progress(house: House, request: asked.Request) -> dict[str, tuple[bool, bool]]:
    return {one.task: (one.of_request, one.ended) for one in request.progress(_body(house))}


async def _ask(house: House, *tasks: str, text: str = "now") -> asked.Request:
    request = asked.Request(trigger.token(text), tasks, asked.run_keys(_body(house)))
    assert _progress(house, request) == dict.fromkeys(tasks, (False, False)), "what ran before doesn't count"
    await house.ask(text)
    assert request.noted(_body(house))
    return request


async def test_what_runs_once(house: House) -> None:
    await house.apply(DISK, modern("net", script="ping"))
    for job in house.open_jobs():
        await house.end(job)
    request = await _ask(house, "disk", text="now for disk")
    assert _progress(house, request) == {"disk": (True, False)}
    (job,) = house.open_jobs()
    assert request.progress(_body(house))[0].jobs == (job,)
    await house.end(job, "disk fail 91%\n")
    assert _progress(house, request) == {"disk": (True, True)}
    assert request.progress(_body(house))[0].ran.verdict == "fail"


async def test_a_run_that_waits_for_the_one_going_on(house: House) -> None:
    await house.apply(DISK)
    (first,) = house.open_jobs()
    request = await _ask(house, "disk")
    await house.end(first)
    assert _progress(house, request) == {"disk": (True, False)}, "the end of the run before is not its end"
    await house.finish("disk")
    assert _progress(house, request) == {"disk": (True, True)}


async def test_beside_a_schedule_only_the_run_that_was_asked_for_counts(house: House) -> None:
    await house.apply(NIGHTLY)
    await house.end(await house.tick("nightly"))
    request = await _ask(house, "nightly")
    (asked_for,) = house.open_jobs()
    assert request.progress(_body(house))[0].jobs == (asked_for,)
    assert not request.progress(_body(house))[0].ended
    await house.end(asked_for, "disk fail 91%\n")
    assert _progress(house, request) == {"nightly": (True, True)}
    await house.end(await house.tick("nightly"))
    assert request.progress(_body(house))[0].ended, "also once the schedule went on"


async def test_on_nodes_every_one_of_them(house: House) -> None:
    await house.nodes(node("a"), node("b"))
    for task in (ON_NODES, NIGHTLY_ON_NODES):
        await house.apply(task)
        for job in house.open_jobs():
            await house.end(job)
        request = await _ask(house, task["name"], text=f"now, {task['name']}")
        jobs = house.open_jobs()
        assert len(jobs) == 2
        assert set(request.progress(_body(house))[0].jobs) == set(jobs)
        await house.end(jobs[0])
        assert not request.progress(_body(house))[0].ended
        await house.end(jobs[1])
        assert request.progress(_body(house))[0].ended


async def test_what_waits_for_others_and_is_left_out(house: House) -> None:
    await house.apply(DISK, modern("after", script="true", dependsOn=["disk"]))
    await house.finish("disk")
    await house.finish("after")
    request = await _ask(house, "disk", "after")
    await house.finish("disk", "disk fail 91%\n")
    assert _progress(house, request) == {"disk": (True, True), "after": (True, True)}
    assert [one.ran.verdict for one in request.progress(_body(house))] == ["fail", "skipped"]


async def test_a_refusal_is_told_and_only_as_long_as_it_stands(house: House) -> None:
    await house.apply(DISK)
    await house.finish("disk")
    request = asked.Request(trigger.token("now for dsik"), ("disk",), asked.run_keys(_body(house)))
    assert request.refused(_body(house)) == ""
    await house.ask("now for dsik")
    assert "no task named 'dsik'" in request.refused(_body(house))
    request = await _ask(house, "disk")
    assert request.refused(_body(house)) == ""


async def test_what_may_not_run_has_ended(house: House) -> None:
    await house.apply(DISK)
    await house.finish("disk")
    request = asked.Request(trigger.token("now"), ("disk",), asked.run_keys(_body(house)))
    await house.apply(modern("disk", script="df", profile="node"))
    await house.ask("now")
    (one,) = request.progress(_body(house))
    assert (one.ended, one.ran.reason) == (True, "NotAllowed")
