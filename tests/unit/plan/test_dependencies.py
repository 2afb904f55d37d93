"""dependsOn: what tasks may wait for."""

import itertools
import random
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.builders import modern, original

from inspect_operator import errors
from inspect_operator.plan import dependencies, desired


def refusal(*written: builders.Object, **spec: Any) -> str:
    with pytest.raises(errors.SpecInvalid) as refused:
        dependencies.check(builders.inspection(*written, **spec))
    return str(refused.value)


def test_tasks_may_wait_for_any_others_wherever_they_stand() -> None:
    written = [modern("d", dependsOn=["b", "c", "b"]), modern("b", dependsOn=["磁盘, a"]),
               modern("c", dependsOn=["磁盘, a"]), original("磁盘, a")]  # fmt: skip
    dependencies.check(builders.inspection(*written))


def test_an_unknown_task_is_refused_with_those_that_there_are() -> None:
    message = refusal(modern("b"), modern("a", dependsOn=["b", "B"]))
    assert message == "spec.tasks[1].dependsOn: no task named 'B'; there are a, b"


def test_a_task_with_a_schedule_is_never_over() -> None:
    message = refusal(modern("a", schedule="@daily"), modern("b", dependsOn=["a"]))
    assert message == "spec.tasks[1].dependsOn: 'a' has a schedule; wait for tasks without one"


@pytest.mark.parametrize(
    ("edges", "circle"),
    [
        ({"a": ["a"]}, "a → a"),
        ({"a": ["b"], "b": ["a"]}, "a → b → a"),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, "b → c → b"),
        ({"a": [], "b": ["a", "c"], "c": ["d"], "d": ["a", "b"]}, "b → c → d → b"),
    ],
)
def test_a_circle_is_refused_and_shown(edges: dict[str, list[str]], circle: str) -> None:
    message = refusal(*(modern(name, dependsOn=others) for name, others in edges.items()))
    assert message == f"spec.tasks: dependsOn goes round in a circle: {circle}"


@pytest.mark.parametrize("seed", range(50))
def test_a_circle_is_found_wherever_it_is(seed: int) -> None:
    """Any tasks that wait for earlier ones of a shuffled order have none; one edge back closes one."""
    chosen = random.Random(seed)
    names = [f"t{number}" for number in range(30)]
    order = chosen.sample(names, len(names))
    edges = {name: chosen.sample(order[:at], min(at, chosen.randint(0, 4))) for at, name in enumerate(order)}
    last = order[-1]
    edges[last] = [*edges[last], order[-2]]
    dependencies.check(builders.inspection(*(modern(name, dependsOn=edges[name]) for name in names)))
    chain = last
    while edges[chain]:
        chain = edges[chain][0]
    edges[chain] = [last]
    message = refusal(*(modern(name, dependsOn=edges[name]) for name in names))
    shown = message.split(": ")[-1].split(" → ")
    assert shown[0] == shown[-1]
    assert all(after in edges[before] for before, after in itertools.pairwise(shown))


def test_a_chain_of_a_hundred_tasks_is_followed_to_its_end() -> None:
    """Each waits for the next one in the list: the longest way through an Inspect."""
    chain = [modern(f"t{number}", dependsOn=[f"t{number + 1}"]) for number in range(99)]
    inspection = builders.inspection(*chain, modern("t99"))
    wanted = desired.releases(inspection, {}, desired.Facts())
    assert [want.task.name for want in wanted] == [f"t{number}" for number in range(100)]
    assert [want.task.name for want in wanted if not want.held] == ["t99"]


def test_a_hundred_tasks_that_each_wait_for_eight_are_looked_through_at_once() -> None:
    """Were every way through them followed, there would be more than 10^80."""
    written = [modern(f"t{at}", dependsOn=[f"t{at - back}" for back in range(1, 9) if at >= back]) for at in range(100)]
    wanted = desired.releases(builders.inspection(*reversed(written)), {}, desired.Facts())
    assert [want.task.name for want in wanted if not want.held] == ["t0"]
