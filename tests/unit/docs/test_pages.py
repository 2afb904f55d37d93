"""The pages: links lead somewhere, blocks say what they are, words are spelt right."""

import pathlib
import re
import subprocess
import sys

import pytest
from tests.docs import pages

LANGUAGES = {
    "sh", "console", "yaml", "bash", "python", "json", "jinja", "promql", "output", "findings", "text"
}  # fmt: skip
PAGES = {page.name: page for page in pages.every()}
MAKEFILE = (pages.ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_pages_are_found() -> None:
    assert {"README.md", "README.zh-CN.md", "AGENTS.md", "docs/README.md", "charts/inspect-operator/README.md"} <= set(
        PAGES
    )


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    broken = []
    for link in PAGES[name].links:
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (pages.ROOT / name).parent / path if path else pages.ROOT / name
        inside = str(target.resolve().relative_to(pages.ROOT))
        if not target.exists() or (anchor and anchor not in PAGES[inside].anchors):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("name", PAGES)
def test_blocks_say_what_they_are(name: str) -> None:
    wrong = [f"{block}: {block.language or 'indented, or without a word'}" for block in PAGES[name].blocks
             if block.language not in LANGUAGES]  # fmt: skip
    assert wrong == [], "begin a block with ``` and its language; tests/docs/pages.py has them"


def test_the_index_names_every_page_of_docs() -> None:
    listed = {link.partition("#")[0] for link in PAGES["docs/README.md"].links}
    there = {str(pathlib.PurePath(name).relative_to("docs")) for name in PAGES if name.startswith("docs/")}
    assert there - {"README.md"} <= listed


def test_every_target_of_make_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):.*## ", MAKEFILE, re.MULTILINE)) | set(
        re.findall(r"[a-z-]+", " ".join(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)))
    )
    for page in pages.every():
        typed = "\n".join(block.text for block in page.blocks if block.language in ("sh", "console"))
        named = set(re.findall(r"^(?:\$ )?(?:CLUSTER=current )?make ([a-z][a-z-]*)", typed, re.MULTILINE))
        named |= set(re.findall(r"`(?:CLUSTER=current )?make ([a-z][a-z-]*)", page.text))
        assert named <= targets, page.name


def test_ci_runs_what_the_readme_says_proves_it() -> None:
    last = (pages.ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()[-1]
    (block,) = [one for one in PAGES["README.md"].blocks if one.text.startswith("make demo")]
    typed = [line.partition("#")[0].strip() for line in block.text.splitlines()]
    assert last.removeprefix("exec ") in typed
    recipe = MAKEFILE.partition("\ntest:")[2].partition("\n.PHONY")[0]
    assert "$(MAKE) --no-print-directory demo" in recipe, "and the other command is run with it"
    assert typed == ["make demo", "make test"]


def test_words_are_spelt_right() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", *PAGES, "examples", "checks", "charts/inspect-operator/values.yaml"],
        cwd=pages.ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done
