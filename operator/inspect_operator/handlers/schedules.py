"""Releases follow their templates. Of schedules, what they should hold is rendered, and its digest compared; of runs
that wait, what would keep them from being made is told before their time."""

import asyncio
import dataclasses
from collections.abc import Iterable
from typing import Any

from inspect_operator import errors
from inspect_operator.api import task as tasks
from inspect_operator.plan import desired, drift, runkey
from inspect_operator.render import chart

_KEPT = 2000


@dataclasses.dataclass(frozen=True)
class _Rendered:
    want: desired.Desired
    digest: str
    essences: drift.Essences


class Schedules:
    """Rendered once for each content: between two edits an object is looked at many times."""

    def __init__(self, renderer: chart.Renderer) -> None:
        self._renderer = renderer
        self._checks = renderer.checks
        self._rendered: dict[tuple[str, str], _Rendered] = {}  # by namespace and release

    async def digested(self, wanted: tuple[desired.Desired, ...], owner: tasks.Owner) -> tuple[desired.Desired, ...]:
        """With the templates they use, and the digest of what is rendered, where the task has a schedule."""
        if self._checks is not self._renderer.checks:
            self._checks = self._renderer.checks
            self._rendered.clear()
        made = [dataclasses.replace(want, templates=self._renderer.used(want)) for want in wanted]
        return tuple([await self._one(want, owner) for want in made])

    def essences(self, namespace: str, wanted: Iterable[desired.Desired]) -> dict[str, drift.Essences]:
        """What may not be changed behind our back, by release."""
        known = {want.release: self._rendered.get((namespace, want.release)) for want in wanted if want.crons}
        return {release: one.essences for release, one in known.items() if one is not None}

    async def _one(self, want: desired.Desired, owner: tasks.Owner) -> desired.Desired:
        # Our own templates don't fail.
        waits = want.held is not None and not want.firing and bool(self._renderer.templates.places)
        if not want.crons and not waits:
            return want
        # Without what no template sees.
        seen = dataclasses.replace(want, digest="", made=frozenset(), asides=(), waiting=False, held=None)
        known = self._rendered.get((owner.namespace, want.release))
        if known is None or known.want != seen:
            try:
                made = await asyncio.to_thread(self._renderer.render, seen, owner)
            except errors.InspectError as error:
                # Of a schedule it is told when it is installed.
                return want if want.crons else dataclasses.replace(want, held=None, refused=error)
            objects = [item for item in made.manifests if item["kind"] != "Job" and not _of_run(item, want)]
            digest = runkey.digest(want.run_key, [member.name for member in want.jobs], objects)
            known = _Rendered(seen, digest, drift.essences(objects))
            if len(self._rendered) >= _KEPT:
                self._rendered.clear()
            self._rendered[(owner.namespace, want.release)] = known
        return dataclasses.replace(want, digest=known.digest) if want.crons else want


def _of_run(item: dict[str, Any], want: desired.Desired) -> bool:
    """Whether it belongs to a run that was asked for, and doesn't follow the templates any more."""
    return bool(item["kind"] == "ConfigMap" and item["metadata"]["name"] == want.files)
