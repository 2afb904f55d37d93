"""An object of a chart-backed kind → what its release should be, and what to do about the release that is there."""

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

from inspect_operator import errors, yaml_json
from inspect_operator.plan import observed, state, steps

#: Longest name that Helm gives a release (helm.sh/helm/v4, pkg/chart/common/util: ValidateReleaseName).
MAX_RELEASE = 53

# The words of operator-sdk's Helm operator, which people's scripts and objects know.
SDK = "helm.sdk.operatorframework.io"
FINALIZER = f"{SDK}/uninstall-release"
LEGACY_FINALIZER = "uninstall-helm-release"
UNINSTALL_WAIT = f"{SDK}/uninstall-wait"
RECONCILE_PERIOD = f"{SDK}/reconcile-period"


@dataclasses.dataclass(frozen=True)
class Want:
    """The release of one object: bears its name, and is another where `digest` (32 hex) is another."""

    release: str
    digest: str


def want(name: str, values: Mapping[str, Any], chart_digest: str) -> Want:
    """What an object of that name asks for.

    :raises errors.SpecInvalid: Helm has no release of such a name
    """
    if len(name) > MAX_RELEASE:
        raise errors.SpecInvalid(
            f"metadata.name: {len(name)} characters; the release is called the same, and Helm takes {MAX_RELEASE}"
        )
    text = yaml_json.dumps([chart_digest, values])
    return Want(name, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])


def claimed(body: Mapping[str, Any]) -> bool:
    """Whether the object's status says that its release is there: as operator-sdk's operator left it, without our
    label. The status is written by operators; whoever may only make objects can't claim a release."""
    deployed = (body.get("status") or {}).get("deployedRelease") or {}
    return isinstance(deployed, Mapping) and deployed.get("name") == body["metadata"]["name"]


def decide(
    wanted: Want, found: observed.Release | None, known: state.Known, generation: int, *, ours: bool
) -> steps.Step | None:
    """The one step to take; None where the release is as desired. `ours` as `claimed` says."""
    which, why = _state(wanted, found, known, generation, ours=ours)
    if which is state.State.IN_SYNC:
        return None
    return steps.Step(steps.ACTIONS[which], wanted.release, why, None, found)


def is_true(body: Mapping[str, Any], annotation: str) -> bool:
    """Whether an annotation says yes, in the words that Go's strconv.ParseBool takes."""
    said = (body["metadata"].get("annotations") or {}).get(annotation, "")
    return said in ("1", "t", "T", "TRUE", "true", "True")


def _state(
    wanted: Want, found: observed.Release | None, known: state.Known, generation: int, *, ours: bool
) -> tuple[state.State, str]:
    if found is None:
        return state.State.ABSENT, f"installed for generation {generation}"
    if not found.newest.owner_uid and ours and found.newest.status is observed.Status.DEPLOYED:
        return state.State.OUT_OF_SYNC, "taken over from another Helm operator"
    if (decided := state.whole(found, known)) is not None:
        return decided
    if found.newest.digest != wanted.digest:
        return state.State.OUT_OF_SYNC, f"values or chart changed, generation {generation}"
    return state.State.IN_SYNC, ""
