"""Words for results, as scripts and tools write them, and texts cut to what a finding holds."""

from inspect_operator.runner.findings import Result

RESULTS = {
    **dict.fromkeys(("success", "ok", "pass", "passed"), Result.SUCCESS),
    **dict.fromkeys(("fail", "failed", "error"), Result.FAIL),
    **dict.fromkeys(("warn", "warning"), Result.WARN),
    "info": Result.INFO,
    "unknown": Result.UNKNOWN,
}

SEPARATORS = " \t,，;；、|"


def short(text: str, limit: int) -> str:
    """At most `limit` characters, without separators around them."""
    text = text.strip(SEPARATORS)
    return text if len(text) <= limit else text[: limit - 1] + "…"
