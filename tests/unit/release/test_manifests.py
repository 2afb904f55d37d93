"""What a stored manifest holds, read as Helm's own parser takes it."""

import pytest

from inspect_operator.release import manifests

FINE = "# Source: a/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"
FLOW = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec: {containers: [{image: nginx:1.16.0}]}\n"
BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x\n"


def _names(text: str) -> list[str]:
    return [item["metadata"]["name"] for item in manifests.objects(text)]


def test_a_colon_inside_braces_is_read() -> None:
    (job,) = manifests.objects(FLOW)
    assert job["spec"]["containers"] == [{"image": "nginx:1.16.0"}]


@pytest.mark.parametrize("text", [f"---\n{BAD}---\n{FINE}---\n{FLOW}", f"{FINE}---\n{FLOW}---\n{BAD}"])
def test_one_object_that_cannot_be_read_hides_no_other(text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert _names(text) == ["web", "once"]
    assert "an object of a manifest was not read" in caplog.text


def test_dashes_inside_a_text_divide_nothing() -> None:
    text = "kind: ConfigMap\nmetadata:\n  name: c\ndata:\n  pem: |\n    ---\n    a\n    -----BEGIN\n"
    item, _ = manifests.objects(f"---\n{text}---\n{FINE}---\n")
    assert item["data"]["pem"] == "---\na\n-----BEGIN\n"
