"""Images: the tag follows the content, names are containerd's, archives are OCI's."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest
from embedded import images, load, oci_archive, wheels
from embedded.errors import ClusterError


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    package = root / "operator/inspect_operator"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (root / "Dockerfile").write_text("FROM scratch\n")
    return root


def test_the_tag_is_the_version_and_a_hash(checkout: Path) -> None:
    version, _, digest = images.tag(checkout).partition("-")
    assert version == "1.2.3"
    assert len(digest) == 12


def test_another_checkout_of_the_same_content_has_the_same_tag(checkout: Path, tmp_path: Path) -> None:
    before = images.tag(checkout)
    assert images.tag(checkout.rename(tmp_path / "elsewhere")) == before


@pytest.mark.parametrize("name", ["operator/inspect_operator/x.py", "templates/a/b.j2", "Dockerfile", "watches.yaml"])
def test_a_changed_input_changes_the_tag(checkout: Path, name: str) -> None:
    before = images.tag(checkout)
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text("changed")
    assert images.tag(checkout) != before


@pytest.mark.parametrize("name", ["docs/x.md", "operator/inspect_operator/__pycache__/x.pyc", "tests/x.py"])
def test_what_no_image_holds_does_not_change_the_tag(checkout: Path, name: str) -> None:
    before = images.tag(checkout)
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text("changed")
    assert images.tag(checkout) == before


def test_a_checkout_without_a_version_is_refused(checkout: Path) -> None:
    (checkout / "operator/inspect_operator/__init__.py").write_text("")
    with pytest.raises(ClusterError, match="__version__"):
        images.tag(checkout)


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("try", "docker.io/library/try:latest"),
        ("try:1", "docker.io/library/try:1"),
        ("me/try", "docker.io/me/try:latest"),
        ("localhost/try", "localhost/try:latest"),
        ("localhost:5000/try", "localhost:5000/try:latest"),
        ("example.org/a/b:c", "example.org/a/b:c"),
        ("docker.io/library/try:latest", "docker.io/library/try:latest"),
    ],
)
def test_names_become_what_containerd_keeps(given: str, full: str) -> None:
    assert load.full_name(given) == full


def test_an_archive_is_what_the_oci_layout_asks_for(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"\x7fELF")
    oci_archive.single_program(tmp_path / "a.tar", "localhost/x:1", program)
    with tarfile.open(tmp_path / "a.tar") as tar:
        streams = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        blobs = {name: stream.read() for name, stream in streams.items() if stream}
    for name, content in blobs.items():
        if name.startswith("blobs/sha256/"):
            assert name == "blobs/sha256/" + hashlib.sha256(content).hexdigest()
    (entry,) = json.loads(blobs["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == "localhost/x:1"
    manifest = json.loads(blobs["blobs/" + entry["digest"].replace(":", "/")])
    config = json.loads(blobs["blobs/" + manifest["config"]["digest"].replace(":", "/")])
    assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]
    assert config["config"]["Entrypoint"] == ["/pause"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.tar", "pause"]


def test_the_build_backend_is_read_from_pyproject() -> None:
    text = '[project]\nrequires = ["no"]\n[build-system]\nrequires = ["hatchling==1", \'b\']\nx = 1\n[tool]\n'
    assert wheels.build_requires(text) == ["hatchling==1", "b"]
    with pytest.raises(ClusterError):
        wheels.build_requires("[project]\n")


def test_the_tags_last_used_are_kept(tmp_path: Path) -> None:
    journal = tmp_path / "tags"
    assert [images.outdated(journal, f"t{number}") for number in range(7)][-1] == ["t0"]
    assert images.outdated(journal, "t1") == []  # used again, so not the next to go
    assert images.outdated(journal, "t7") == ["t2"]
    assert images.outdated(journal, "t7") == []
