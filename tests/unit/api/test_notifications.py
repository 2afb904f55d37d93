"""spec.notifications: from what people write to policies with every default applied."""

from typing import Any

import pytest
from tests.unit import builders

from inspect_operator import errors
from inspect_operator.api import notice
from inspect_operator.plan import desired
from inspect_operator.runner import findings

CHAT = {"name": "chat", "type": "slack", "secretRef": {"name": "s"}}


def test_defaults_are_applied() -> None:
    own = {"name": "own", "type": "messageCenter"}
    made = builders.inspection(builders.modern(), notifications=[CHAT, own])
    assert made.notifications == (
        notice.Policy(
            "chat",
            notice.Channel.SLACK,
            "s",
            notice.When.ON_CHANGE,
            1,
            findings.Severity.INFO,
            "",
            notice.Language.EN,
            (),
        ),
        notice.Policy("own", notice.Channel.MESSAGE_CENTER),
    )


def test_everything_that_is_written_is_kept() -> None:
    written = CHAT | {
        "when": "always", "failureThreshold": 3, "minSeverity": "high", "template": "{{ title }}", "language": "zh",
        "tasks": ["disk"],
    }  # fmt: skip
    made = builders.inspection(builders.modern("disk"), notifications=[written])
    assert made.notifications == (
        notice.Policy(
            "chat", notice.Channel.SLACK, "s", notice.When.ALWAYS, 3, findings.Severity.HIGH, "{{ title }}",
            notice.Language.ZH, ("disk",),
        ),
    )  # fmt: skip


def test_saying_nothing_is_not_the_same_as_saying_nobody() -> None:
    assert builders.inspection(builders.modern()).notifications is None
    assert builders.inspection(builders.modern(), notifications=[]).notifications == ()


@pytest.mark.parametrize(
    ("notifications", "words"),
    [
        ([CHAT, CHAT], "spec.notifications[1].name: chat stands there more than once"),
        ([{"name": "chat", "type": "slack"}], "spec.notifications[0].secretRef is missing"),
        ([CHAT | {"tasks": ["disk", "none"]}], "spec.notifications[0].tasks: there is no task named 'none'"),
        ([CHAT | {"type": "pigeon"}], "spec.notifications[0].type"),
        ([CHAT | {"failureThreshold": 0}], "spec.notifications[0].failureThreshold"),
        ([CHAT | {"name": "My Chat"}], "spec.notifications[0].name"),
        ([CHAT | {"url": "https://x"}], "spec.notifications[0].url"),
        ([CHAT | {"name": f"c{number}"} for number in range(9)], "spec.notifications"),
    ],
)
def test_a_refusal_names_the_field(notifications: list[Any], words: str) -> None:
    with pytest.raises(errors.SpecInvalid) as raised:
        builders.inspection(builders.modern("disk"), notifications=notifications)
    assert words in str(raised.value)


def test_notices_change_no_run_and_no_release() -> None:
    plain = builders.want(builders.modern())
    told = builders.want(builders.modern(), notifications=[CHAT])
    assert isinstance(told, desired.Desired)
    assert (told.run_key, told.digest) == (plain.run_key, plain.digest)
