"""Times as Kubernetes writes them: RFC 3339 in UTC."""

from datetime import UTC, datetime
from typing import Any


def read(text: Any) -> datetime | None:
    """None for what is absent or no time."""
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
