"""Objects on a real cluster that are edited into something else, right or wrong, and back: what the API server refuses
writes nothing, what the operator refuses touches nothing, and what comes back is as it was.

Many at once: a step of all of them is sent, then it is waited until the operator has told of each.
"""

import dataclasses
import json
import re
import time
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from inspect_operator.api import group
from inspect_operator.plan import naming
from inspect_operator.release import stored
from tests.e2e.harness import kube
from tests.fuzz import objects

#: Within this time it is told that an object is refused; and that its releases are as desired.
REFUSED_SECONDS, SETTLED_SECONDS = 5.0, 60.0
#: Why an object isn't Ready until somebody changes something.
FINAL = ("SpecInvalid", "TemplateFailed", "ManifestRejected", "NotAllowed", "TooManyNodes", "ReleaseRejected")
_CHILDREN = "jobs,cronjobs,configmaps,serviceaccounts,rolebindings"
_NAMED = re.compile(r"spec\b|task '|task \"|script of task |all scripts together |template ")


@dataclasses.dataclass
class Life:
    """One object: what it begins as and comes back to, and what it is in between. `made` is what its releases held at
    first; `problems` is what was wrong, `passed` how its steps ended, in words."""

    name: str
    first: Any
    others: Sequence[Any]
    made: Any = None
    uids: Any = None
    sent: float = 0.0
    passed: list[str] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)


@st.composite
def specs(draw: st.DrawFn, steps: int) -> tuple[Any, list[Any]]:
    """What an object begins as, and its steps."""
    first = _calm(draw(objects.edited(1, faults=False)))
    others = [draw(st.one_of(objects.edit(first, faults=True), objects.specs())) for _ in range(steps)]
    return first, [_calm(one) for one in others]


def _calm(spec: Any) -> Any:
    """Nothing of it runs: every task stands on a schedule that is suspended."""
    calm = objects.without(spec, "restart")
    if isinstance(calm, dict):
        calm["suspend"] = True
        calm.setdefault("schedule", "0 0 1 1 *")
    return calm


def play(namespace: str, lives: Sequence[Life], patience: float = 1.0) -> None:
    """All of it; what was wrong is noted in the lives."""
    begun = []
    for life in lives:
        if said := _send(namespace, life, life.first):
            life.passed.append(f"never began: {said}")
        else:
            begun.append(life)
    begun = [life for life in _settled(namespace, begun, patience) if _is_ready(namespace, life)]
    held = _held(namespace)
    for life in begun:
        life.made, life.uids = _made(held, life), _uids(held, life)
        life.passed.append("began")
    for step in range(max((len(life.others) for life in begun), default=0)):
        changed = [life for life in begun if _step(namespace, life, life.others[step])]
        _settled(namespace, changed, patience)
        held = _held(namespace)
        for life in changed:
            _look(namespace, held, life, life.others[step])
        for life in changed:
            if said := _send(namespace, life, life.first):
                life.problems.append(f"can't go back: {said}")
        _settled(namespace, changed, patience)
        held = _held(namespace)
        for life in changed:
            if (now := _made(held, life)) != life.made:
                life.problems.append(f"back, but not as it was:\n{_difference(life.made, now)}\n"
                                     f"after {json.dumps(life.others[step])[:8000]}")  # fmt: skip
            life.uids = _uids(held, life)


def _step(namespace: str, life: Life, spec: Any) -> bool:
    """Whether the API server took it; where it did not, nothing was written."""
    before = kube.get("inspect", namespace, life.name)
    said = _send(namespace, life, spec)
    if not said:
        return True
    # One that was never there is not there afterwards either.
    if not _send(namespace, dataclasses.replace(life, name=f"refused-{life.name}"), spec):
        life.problems.append(f"refused as a change ({said}), but not as an object: {json.dumps(spec)[:8000]}")
    if kube.get("inspect", namespace, life.name) != before:
        life.problems.append(f"refused ({said}), and yet written: {json.dumps(spec)[:8000]}")
    life.passed.append("refused by the API server")
    return False


def _send(namespace: str, life: Life, spec: Any) -> str:
    """Creates or replaces the object as `kubectl replace` does; returns why the API server refused it, if it did."""
    body = {**objects.body(spec, life.name), "metadata": {"name": life.name}}
    life.sent = time.monotonic()
    return kube.put("inspect", namespace, body)


def _settled(namespace: str, lives: Sequence[Life], patience: float) -> Sequence[Life]:
    """Waits until it is told of each what has become of it, and notes how long those took that were refused."""
    open_lives = {life.name: life for life in lives}
    seen: dict[str, Any] = {}

    def done() -> bool:
        for found in kube.items("inspects", namespace):
            life = open_lives.get(found["metadata"]["name"])
            ready = kube.condition(found, "Ready")
            if life is None or not (ready.get("status") == "True" or ready.get("reason") in FINAL):
                seen[found["metadata"]["name"]] = ready
                continue
            took = time.monotonic() - life.sent
            if ready["reason"] == "SpecInvalid" and took > REFUSED_SECONDS * patience:
                life.problems.append(f"told only after {took:.1f} s: {ready['message']}")
            del open_lives[life.name]
        return not open_lives

    try:
        kube.until("every object settled", done, SETTLED_SECONDS * patience)
    except AssertionError:
        for name, life in open_lives.items():
            life.problems.append(f"never settled: {seen.get(name)}\n{json.dumps(_spec(namespace, name))[:8000]}")
    return [life for life in lives if life.name not in open_lives]


def _is_ready(namespace: str, life: Life) -> bool:
    ready = kube.condition(kube.get("inspect", namespace, life.name), "Ready")
    if ready["status"] != "True":
        life.passed.append(f"never began: {ready['reason']}")
    return bool(ready["status"] == "True")


def _look(namespace: str, held: "Held", life: Life, spec: Any) -> None:
    """At an object that the API server took, and of which the operator has told."""
    ready = kube.condition(kube.get("inspect", namespace, life.name), "Ready")
    if ready.get("status") == "True":
        life.passed.append("taken")
        return
    life.passed.append(f"refused by the operator ({ready.get('reason')})")
    if ready.get("reason") == "SpecInvalid":
        if not _NAMED.match(ready["message"]):
            life.problems.append(f"no field is named: {ready['message']}\n{json.dumps(spec)[:8000]}")
        if _uids(held, life) != life.uids:
            life.problems.append(f"refused, and yet children changed: {ready['message']}\n{json.dumps(spec)[:8000]}")


@dataclasses.dataclass(frozen=True)
class Held:
    """What is in the namespace: children by kind and name, and the newest revision of each release."""

    children: dict[tuple[str, str], kube.Object]
    releases: dict[str, kube.Object]


def _held(namespace: str) -> Held:
    children = {(one["kind"], one["metadata"]["name"]): one for one in kube.items(_CHILDREN, namespace)}
    newest: dict[str, kube.Object] = {}
    for secret in kube.items("secrets", namespace, labels="owner=helm"):
        labels = secret["metadata"]["labels"]
        before = newest.get(labels["name"])
        if before is None or int(before["metadata"]["labels"]["version"]) < int(labels["version"]):
            newest[labels["name"]] = secret
    return Held(children, newest)


def _uids(held: Held, life: Life) -> dict[tuple[str, str], str]:
    return {
        key: one["metadata"]["uid"]
        for key, one in held.children.items()
        if (one["metadata"].get("labels") or {}).get(group.LABEL_INSPECT) == naming.label_value(life.name)
        if not key[1].endswith(".report")
    }


def _made(held: Held, life: Life) -> dict[str, Any]:
    """Of each release its state, run and manifest; and the names of what there is of the object."""
    found: dict[str, Any] = {}
    for name, secret in held.releases.items():
        if name.startswith(f"{life.name}--"):
            labels, payload = secret["metadata"]["labels"], stored.payload(secret)
            about = [labels.get(one) for one in (group.LABEL_RUN_KEY, group.LABEL_DIGEST, group.LABEL_TRIGGER)]
            found[name] = {"status": str(payload.status), "about": about, "holds": sorted(payload.objects.items())}
    return {**found, "there": sorted(_uids(held, life))}


def _difference(before: Any, now: Any) -> str:
    different = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
    return "\n".join(f"{name}:\n  {before.get(name)!r}\n  {now.get(name)!r}"[:4000] for name in sorted(different))


def _spec(namespace: str, name: str) -> Any:
    return (kube.get("inspect", namespace, name) or {}).get("spec")
