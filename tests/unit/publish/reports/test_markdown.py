"""Markdown as GitHub shows it: golden, and nobody's words break out of it."""

import html
import re

import markdown_it
import pytest
from tests.unit import golden
from tests.unit.publish.reports import sample

from inspect_operator.publish.reports import as_markdown, reading

_GITHUB = markdown_it.MarkdownIt("gfm-like", {"linkify": False})
ESCAPES = [
    reading.text(sample.HOSTILE), "a | b", "| --- |", "`", "``` text", "<b>", "</details>", "&lt;", "![i](http://x)",
    "[a]: http://x", "*a* _b_ ~~c~~", "\\", "\\|", "http://x.example", "www.x.example", "a@b.example", "@team", "#12",
    ":smile:", "$x$", "# h", "- l", "1. l", "> q", "=====", "<!-- c", "a\n\nb", "中文，“好”",
]  # fmt: skip


def test_a_report_reads_as_its_golden_file() -> None:
    golden.check("report.md", as_markdown.write(sample.report()))


@pytest.mark.parametrize("text", ESCAPES)
def test_any_text_in_a_cell_is_shown_as_it_is(text: str) -> None:
    cell = as_markdown.text(text)
    tokens = _GITHUB.parse(f"| a | b |\n| --- | --- |\n| {cell} | end |\n\nafter\n")
    inline = [token for token in tokens if token.type == "inline"]
    assert [token.content for token in inline[3:]] == ["end", "after"], "it is one cell of one row"
    children = inline[2].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    shown = "".join(child.content for child in children).replace("\u200b", "")
    assert shown == " ".join(text.split())


@pytest.mark.parametrize("text", ["@team", "see #12", "a@b.example"])
def test_nobody_is_mentioned(text: str) -> None:
    # GitHub looks for it in the text of the page, after Markdown was read.
    assert re.search(r"@\w|#\d", text)
    assert not re.search(r"@\w|#\d", html.unescape(as_markdown.text(text)))


@pytest.mark.parametrize("text", ["http://x.example", "HTTPS://x.example", "www.x.example", "WWW.x.example"])
def test_nothing_is_linked(text: str) -> None:
    # GitHub looks for it while it reads Markdown (GFM, 6.9 Autolinks).
    assert re.search(r"(?i)https?://|www\.", text)
    assert not re.search(r"(?i)https?://|www\.", as_markdown.text(text))


@pytest.mark.parametrize("output", ["```\n# out\n", "~~~\n", "````````\n", "</details>\n", "a\n" * 9000])
def test_output_stays_in_its_block(output: str) -> None:
    row = {"task_name": "t", **sample.ran("success", "Passed"), "outputTail": output}
    tokens = _GITHUB.parse(as_markdown.write(sample.report(sample.inspect("i", row))))
    (block,) = [token for token in tokens if token.type == "fence"]
    assert block.content == output[-as_markdown.MAX_OUTPUT :].strip("\n") + "\n"
    markup = "".join(token.content for token in tokens if token.type == "html_block")
    assert markup.split("<details>")[1:] == ["<summary>t</summary>\n</details>\n"]


def test_a_task_name_in_a_summary_is_text() -> None:
    row = {"task_name": "</summary><b>*x*", **sample.ran("success", "Passed"), "outputTail": "o"}
    text = as_markdown.write(sample.report(sample.inspect("i", row)))
    assert "<summary>&#60;&#47;summary&#62;&#60;b&#62;&#42;x&#42;</summary>" in text
