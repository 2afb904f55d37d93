"""The forms that a report may have."""

from collections.abc import Callable

from inspect_operator.publish.reports import as_json, as_junit, as_markdown, as_page, model

WRITERS: dict[str, Callable[[model.Report], str]] = {
    "html": as_page.write,
    "md": as_markdown.write,
    "junit": as_junit.write,
    "json": as_json.write,
}
