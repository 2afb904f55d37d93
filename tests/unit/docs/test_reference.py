"""docs/reference.md tells every field of the schema, and nothing else."""

import re
from typing import Any

from tests.docs import pages

from inspect_operator.api import crd, reference

Node = dict[str, Any]


def test_the_page_is_what_the_models_say() -> None:
    (text,) = reference.generated(pages.ROOT).values()
    assert (pages.ROOT / reference.REFERENCE).read_text(encoding="utf-8") == text, "run `make generate`"


def test_every_field_of_the_schema_is_told_with_its_description() -> None:
    whole: Node = crd.definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    rows = re.findall(r"^\| `(\w+)` \| .*? \| (.*) \|$", pages.page("docs/reference.md").text, re.MULTILINE)
    told = {(name, words.replace("\\", "")) for name, words in rows}
    wanted = {pair for part in ("spec", "status") for pair in _fields(whole[part])}
    assert told == wanted


def _fields(node: Node) -> set[tuple[str, str]]:
    """Names and descriptions of all fields below."""
    found = {(name, " ".join(child["description"].split())) for name, child in node.get("properties", {}).items()}
    below = [*node.get("properties", {}).values(), node.get("items"), node.get("additionalProperties")]
    return found.union(*(_fields(child) for child in below if isinstance(child, dict)))
