"""What was told, as it stands in status.notifications[] and is read back after a restart; kept small."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_operator.api import notice
from inspect_operator.publish import row as rows
from inspect_operator.publish.notices import due

Entry = dict[str, Any]

SENT = "sent"
#: Of all channels together; what has no room is told once more after a restart.
MAX_BYTES = 8 * 1024
_MAX_KEY = 40


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How the last attempts of a channel went: `words` is empty before the first, `sent` RFC 3339."""

    words: str = ""
    failing: bool = False
    sent: str = ""
    title: str = ""


def entries(noted: Sequence[tuple[notice.Policy, Outcome, Mapping[str, due.Told]]]) -> list[Entry]:
    """One row a channel, in the order of the spec."""
    made, room = [], MAX_BYTES
    for policy, outcome, told in noted:
        entry: Entry = {
            "name": policy.name,
            "type": policy.channel.value,
            "outcome": outcome.words,
            "failing": outcome.failing,
            "lastSent": outcome.sent,
            "lastTitle": rows.cut(outcome.title, 256),
        }
        kept = {}
        for task, one in told.items():
            if _says_nothing(policy, one):
                continue
            text = f"{one.verdict} {one.run} {one.failures} {one.severity}".strip()
            room -= len(json.dumps([key(task), text], ensure_ascii=False).encode("utf-8", "replace"))
            if room > 0:
                kept[key(task)] = text
        made.append(rows.clean(entry | {"told": kept}))
    return made


def read(entry: Mapping[str, Any], names: Sequence[str]) -> tuple[Outcome, dict[str, due.Told]]:
    """What stands there of these tasks; whatever can't be read was never told."""
    outcome = Outcome(
        str(entry.get("outcome", "")),
        bool(entry.get("failing")),
        str(entry.get("lastSent", "")),
        str(entry.get("lastTitle", "")),
    )
    found = entry.get("told") or {}
    told = {}
    for name in names:
        words = str(found.get(key(name), "")).split()
        if len(words) >= 3 and words[2].isdigit():
            told[name] = due.Told(words[0], words[1], int(words[2]), words[3] if len(words) > 3 else "")
    return outcome, told


def key(task: str) -> str:
    """The task's name, shortened where it is long."""
    data = task.encode("utf-8", "replace")
    if len(data) <= _MAX_KEY:
        return task
    return f"{data[: _MAX_KEY - 9].decode('utf-8', 'ignore')}~{hashlib.sha256(data).hexdigest()[:8]}"


def _says_nothing(policy: notice.Policy, told: due.Told) -> bool:
    """Whether not knowing it comes to the same: only `always` asks which passing run was told."""
    return policy.when is not notice.When.ALWAYS and told.verdict == due.PASSED and not told.failures
