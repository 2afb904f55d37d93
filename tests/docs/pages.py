"""The Markdown pages of this repository: their blocks, headings and links, as GitHub reads them.

The first word after a block's fence says what it is. A second one that is a file's name: the commands that follow find
the block there.

| word | what |
| --- | --- |
| sh | commands, as a reader types them |
| console | the same, each after `$ `, with what they print |
| yaml | an Inspect or a part of one, values of the chart, watches.yaml (tests/docs/examples.py); `foreign`: of others |
| bash, python, json, jinja, promql | a file, or a part of one |
| output, findings | what a script prints, and what becomes of it (docs/results.md) |
| text | anything else: nobody types it, and nothing reads it |
"""

import dataclasses
import functools
import itertools
import pathlib
import re
from collections.abc import Iterator

import markdown_it
import markdown_it.token

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Folders without pages of ours; tests/golden holds what programs of ours write.
_ELSEWHERE = {"build", "golden", "node_modules"}


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of code: where it begins, what it is, and its text without the fence."""

    page: str
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    @property
    def file(self) -> str:
        """The file that it stands for, if any."""
        return next((word for word in self.words if "." in word), "")

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclasses.dataclass(frozen=True)
class Page:
    """One page; `name` is its path in the repository."""

    name: str
    text: str
    blocks: tuple[Block, ...]
    anchors: frozenset[str]
    links: tuple[str, ...]


@functools.cache
def every() -> tuple[Page, ...]:
    """All pages, by name."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    ours = (path for path in found if not any(part in _ELSEWHERE or part[0] == "." for part in path.parts))
    return tuple(_read(str(path)) for path in sorted(ours))


def blocks(*languages: str) -> list[Block]:
    """All blocks of these languages, in the order of pages and lines."""
    return [block for page in every() for block in page.blocks if block.language in languages]


def page(name: str) -> Page:
    """One page by its path."""
    return next(one for one in every() if one.name == name)


def _read(name: str) -> Page:
    text = (ROOT / name).read_text(encoding="utf-8")
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
    inner = [child for token in tokens for child in token.children or ()]
    links = [str(child.attrs[word]) for child in inner for word in ("href", "src") if word in child.attrs]
    return Page(name, text, tuple(_blocks(name, tokens)), frozenset(_anchors(tokens)), tuple(links))


def _blocks(name: str, tokens: list[markdown_it.token.Token]) -> Iterator[Block]:
    for token in tokens:
        if token.type in ("fence", "code_block"):
            assert token.map is not None
            language, *words = token.info.split() or [""]
            yield Block(name, token.map[0] + 1, language, tuple(words), token.content)


def _anchors(tokens: list[markdown_it.token.Token]) -> Iterator[str]:
    """Of headings as GitHub makes them: small letters, dashes for blanks, no punctuation; numbered if taken."""
    seen: dict[str, int] = {}
    for before, token in itertools.pairwise(tokens):
        if before.type == "heading_open":
            words = "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            number = seen[slug] = seen.get(slug, -1) + 1
            yield f"{slug}-{number}" if number else slug
