"""The chart (or the templates) of one kind as it is on disk now; looked at now and then."""

import asyncio
import dataclasses
import logging

from inspect_operator import errors
from inspect_operator.release import charts, watches_file

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Content:
    """What releases of the kind are made from; another `digest` is another content. No chart: templates."""

    chart: charts.Chart | None
    digest: str


class Latest:
    """Of one entry of watches.yaml."""

    def __init__(self, served: watches_file.Served) -> None:
        self._served = served
        self._content: Content | None = None
        self._error: errors.InspectError | None = None

    async def look(self) -> bool:
        """Reads it; whether every object of the kind has to be looked at because of what was found."""
        try:
            now = await self._read()
        except errors.InspectError as error:
            if str(error) != str(self._error):
                logger.error("chart can't be used kind=%s error=%s", self._served.entry, error)
            self._error = error
            return False
        changed = self._content is not None and self._content.digest != now.digest
        if changed:
            logger.info("chart changed kind=%s digest=%s", self._served.entry, now.digest[:12])
        waited, self._content, self._error = self._error is not None, now, None
        return changed or waited

    def content(self) -> Content:
        """As of the last look that found something.

        :raises errors.InspectError: there was none
        """
        if self._content is None:
            raise self._error or errors.ReleaseUnavailable("the chart has not been read yet")
        return self._content

    def close(self) -> None:
        """Gives back what was made for it."""
        if self._served.source is not None:
            self._served.source.close()
        if self._served.templates is not None:
            self._served.templates.close()

    async def _read(self) -> Content:
        if self._served.source is not None:
            chart = await self._served.source.look()
            return Content(chart, chart.digest)
        templates = self._served.templates
        return Content(None, await asyncio.to_thread(templates.look) if templates is not None else "")
