"""Reports for people and tools: one model, four forms. Pure: from objects as the API serves them to text.

`reading` makes the model of what the cluster tells, `as_json`, `as_junit`, `as_markdown` and `as_page` (HTML) write it.
"""
