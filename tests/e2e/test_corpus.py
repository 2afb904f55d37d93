"""The objects of tests/corpus, and what they make, as the API server sees them."""

import pathlib

import yaml

from tests.e2e.harness import kube

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "corpus"
STRICT = ("apply", "--server-side", "--dry-run=server", "--validate=strict")


def test_the_api_server_takes_every_object_and_all_that_it_makes(namespace: str) -> None:
    objects = CORPUS / "objects"
    taken = kube.run(*STRICT, "-n", namespace, "-f", str(objects)).splitlines()
    assert len(taken) == len(list(objects.iterdir()))
    made = [
        one
        for path in CORPUS.glob("generation-*/*.yaml")
        for one in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        if "kind" in one
    ]
    assert {one["kind"] for one in made} == {"ConfigMap", "CronJob", "Job", "RoleBinding", "ServiceAccount"}
    text = yaml.dump_all(made, Dumper=yaml.CSafeDumper, allow_unicode=True)
    assert len(kube.run(*STRICT, "-n", namespace, "-f", "-", stdin=text).splitlines()) == len(made)
