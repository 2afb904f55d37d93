"""kopf's watches, made to last.

kopf ends the operator over any error in a watch but 410, and where it lists anew it says nothing of objects that went
meanwhile: nobody would put back what was deleted then. It has no setting for either, so its stream is wrapped here.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from kopf._cogs.clients import errors, watching

logger = logging.getLogger(__name__)

#: Before a stream that failed is begun anew, by a list.
AGAIN_SECONDS = 1.0

#: Namespace, name and uid of every object that a list told of.
Listed = frozenset[tuple[str, str, str]]


@contextlib.contextmanager
def lasting(listed: Callable[[str, str, Listed], None]) -> Iterator[None]:
    """While it is in force, `listed` is told after each whole list of a kind: its plural, the namespace (empty: all),
    and what there is."""
    plain = watching.continuous_watch

    async def continuous_watch(*, resource: Any, namespace: Any, **kwargs: Any) -> AsyncIterator[Any]:
        found: set[tuple[str, str, str]] = set()
        listing = True
        try:
            async for event in plain(resource=resource, namespace=namespace, **kwargs):
                if event is watching.Bookmark.LISTED:
                    listing = False
                    listed(resource.plural, namespace or "", frozenset(found))
                    found.clear()
                elif listing and isinstance(event, dict):
                    metadata = event["object"]["metadata"]
                    found.add((metadata.get("namespace", ""), metadata["name"], metadata["uid"]))
                yield event
        except (watching.WatchingError, errors.APIServerError) as error:
            logger.warning(
                "watch failed, is begun anew kind=%s namespace=%s error=%s", resource.plural, namespace, error
            )
            await asyncio.sleep(AGAIN_SECONDS)

    watching.continuous_watch = continuous_watch
    try:
        yield
    finally:
        watching.continuous_watch = plain
