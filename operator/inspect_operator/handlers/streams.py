"""kopf's watches, made to last.

kopf ends the operator over any error in a watch but 410, and where it lists anew it says nothing of objects that went
meanwhile. It has no setting for either, so its stream is wrapped here.
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


@contextlib.contextmanager
def lasting(listed: Callable[[str, frozenset[str]], None]) -> Iterator[None]:
    """While it is in force, `listed` is told after each whole list: the namespace (empty: all), and the uid of every
    object that there is."""
    plain = watching.continuous_watch

    async def continuous_watch(*, resource: Any, namespace: Any, **kwargs: Any) -> AsyncIterator[Any]:
        found: set[str] = set()
        listing = True
        try:
            async for event in plain(resource=resource, namespace=namespace, **kwargs):
                if event is watching.Bookmark.LISTED:
                    listing = False
                    listed(namespace or "", frozenset(found))
                    found.clear()
                elif listing and isinstance(event, dict):
                    found.add(event["object"]["metadata"]["uid"])
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
