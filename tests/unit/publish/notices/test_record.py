"""What stands in status.notifications[]: small, and read back as it was."""

import json
from typing import Any

from inspect_operator.api import notice, status
from inspect_operator.publish.notices import due, record

CHAT = notice.Policy("chat", notice.Channel.SLACK, "chat")
ALWAYS = notice.Policy("log", notice.Channel.WEBHOOK, "log", notice.When.ALWAYS)
OUTCOME = record.Outcome("not sent: the endpoint answered 500", True, "2026-01-02T03:04:05Z", "✘ default/night")
TOLD = {"disk": due.Told("fail", "0123abcd", 3, "high"), "net": due.Told("success", "4567cdef")}


def test_it_is_read_back_as_it_was() -> None:
    (entry,) = record.entries([(ALWAYS, OUTCOME, TOLD)])
    assert record.read(entry, ["disk", "net"]) == (OUTCOME, TOLD)


def test_what_it_looks_like() -> None:
    assert record.entries([(CHAT, OUTCOME, TOLD)]) == [
        {
            "name": "chat",
            "type": "slack",
            "outcome": "not sent: the endpoint answered 500",
            "failing": True,
            "lastSent": "2026-01-02T03:04:05Z",
            "lastTitle": "✘ default/night",
            "told": {"disk": "fail 0123abcd 3 high"},
        }
    ]
    assert record.entries([(CHAT, record.Outcome(), {})]) == [{"name": "chat", "type": "slack"}]


def test_tasks_that_are_gone_and_nonsense_were_never_told() -> None:
    entry: dict[str, Any] = {"name": "chat", "told": {"disk": "fail", "net": "fail x many", "gone": "fail 1 1 high"}}
    assert record.read(entry, ["disk", "net"])[1] == {}
    assert record.read({}, ["disk"]) == (record.Outcome(), {})


def test_eight_channels_and_a_hundred_tasks_stay_small_and_fit_the_schema() -> None:
    told = {f"{'磁盘' * 80}-{number}": due.Told("unknown", "0123abcd", 999, "critical") for number in range(100)}
    made = record.entries([(ALWAYS, OUTCOME, told)] * 8)
    assert len(json.dumps(made, ensure_ascii=False).encode()) < record.MAX_BYTES + 8 * 512
    assert [status.Notified.model_validate(one).type for one in made] == ["webhook"] * 8
    kept = record.read(made[0], list(told))[1]
    assert kept
    assert all(told[name] == one for name, one in kept.items())
