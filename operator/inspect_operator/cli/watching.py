"""Tells when an Inspect has changed, also across broken connections."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from inspect_operator import errors
from inspect_operator.cli import command, inspects
from inspect_operator.cluster import client, resources

AGAIN_SECONDS = 2.0
#: Changes that come at once count as one.
GATHER_SECONDS = 0.1


async def changes(context: command.Context, name: str = "") -> AsyncGenerator[inspects.Object | None, None]:
    """At once and then after every change: the Inspect `name` as it is now, or None where all of them are watched.

    A broken connection is taken up again, and a note says so. Ends where the Inspect `name` is deleted.
    :raises errors.InspectError: it can't be watched at all, since it isn't there or isn't allowed
    """
    fields = f"metadata.name={name}" if name else ""
    selector = "" if name else str(context.arguments.selector or "")
    while True:
        try:
            if not name:
                yield None
            async with contextlib.aclosing(
                context.api.watch(resources.INSPECTS, context.namespace, fields=fields, selector=selector)
            ) as events:
                async for kind, body in events:
                    if name:
                        if kind == "DELETED":
                            return
                        yield body
                    else:
                        yield None
        except errors.ClusterUnavailable as error:
            context.terminal.note(f"waiting for the API server: {error}")
        except client.NotFound as error:
            if "410" not in str(error):
                raise
        await asyncio.sleep(AGAIN_SECONDS)
