"""The operator's chart as it is installed for all namespaces."""

import pathlib

from tests.e2e.harness import process

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = "charts/inspect-operator"
HERE = ("inspect-operator", "-n", "inspect-system")
#: The CRD may be there by kubectl, and stays of a release that is gone.
OURS = ("--create-namespace", "--take-ownership", "--force-conflicts", "--wait", "--timeout", "120s")


def images() -> tuple[str, str]:
    """Those of this checkout, as flags of helm."""
    return ("--set", "image.tag={0},runner.image.tag={0}".format(process.image_tag(ROOT)))
