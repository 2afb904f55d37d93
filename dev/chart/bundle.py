"""`make bundle`: everything that an install without the internet takes, in one archive: both charts, both images, the
CRD, the plain manifests, and SHA256SUMS. `python dev/chart/bundle.py FOLDER` writes it there and prints its name.
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "dev/cluster"))

from embedded import folders, images, lock, store  # noqa: E402  # after its place is known

HOW = """\
Install without the internet, with a registry that your cluster can pull from:

  sha256sum --check SHA256SUMS
  skopeo copy oci-archive:images/operator.tar docker://REGISTRY/inspect-operator/operator:{tag}
  skopeo copy oci-archive:images/runner.tar docker://REGISTRY/inspect-operator/runner:{tag}
  helm upgrade --install inspect-operator charts/inspect-operator-*.tgz -n inspect-system --create-namespace \\
    --set registry=REGISTRY,image.tag={tag},runner.image.tag={tag}
"""


def main(target: pathlib.Path) -> pathlib.Path:
    """The archive."""
    tag = images.tag(ROOT)
    made = target / f"inspect-operator-{tag}.tar"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as name:
        folder = pathlib.Path(name) / f"inspect-operator-{tag}"
        (folder / "charts").mkdir(parents=True)
        for chart in ("inspect-operator", "inspection"):
            command = ["helm", "package", str(ROOT / "charts" / chart), "-d", str(folder / "charts")]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        (folder / "images").mkdir()
        with lock.exclusive(folders.cache() / "containers.lock", "packing images"):
            for one in images.TARGETS:
                images.build(ROOT, one, tag)
                store.export(images.reference(one, tag), folder / "images", "oci-archive").rename(
                    folder / "images" / f"{one}.tar"
                )
        shutil.copytree(ROOT / "crds", folder / "crds")
        shutil.copy(ROOT / "dist/install.yaml", folder)
        (folder / "INSTALL.txt").write_text(HOW.format(tag=tag))
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        sums = [f"{_digest(path)}  {path.relative_to(folder)}\n" for path in files]
        (folder / "SHA256SUMS").write_text("".join(sums))
        with tarfile.open(made, "w") as archive:
            archive.add(folder, folder.name)
    return made


def _digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    print(main(pathlib.Path(sys.argv[1]).resolve()))
