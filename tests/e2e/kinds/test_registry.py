"""A chart that comes from a registry."""

import pathlib

import pytest
import yaml

from tests.e2e.harness import kinds, kube, process, registry


@pytest.mark.timeout(240)
@pytest.mark.parametrize("example", ["application"], indirect=True)
def test_chart_from_a_registry_is_served(
    example: pathlib.Path, operator: process.Operator, namespace: str, web_image: str, tmp_path: pathlib.Path
) -> None:
    kube.helm("package", str(example / "charts" / "application"), "-d", str(tmp_path))
    with (
        registry.Registry(tmp_path / "application-0.1.0.tgz", tmp_path) as remote,
        pytest.MonkeyPatch.context() as patch,
    ):
        entries = yaml.safe_load((example / "watches.yaml").read_text())
        entries[0]["chart"] = remote.reference
        (example / "watches.yaml").write_text(yaml.safe_dump(entries))
        operator.settings["WATCHES"] = str(example / "watches.yaml")
        patch.setenv("SSL_CERT_FILE", str(remote.certificate))
        operator.start()
        kube.apply(kinds.sample(example), namespace)
        kinds.ready(namespace, "application", "application-sample")
        pulls = [path for path in remote.asked if "/blobs/" in path]
        kube.apply(kinds.sample(example, replicas=2), namespace)
        kube.until("upgraded", lambda: kinds.revision(namespace, "application-sample") == 2)
        # Pulled once: its digest says that it can't have changed.
        assert [path for path in remote.asked if "/blobs/" in path] == pulls
    kube.run("delete", "application", "application-sample", "-n", namespace, "--timeout=60s")
    kinds.assert_nothing_left(namespace)
