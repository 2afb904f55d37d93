"""The peer to measure against: the operator that one writes first with kopf and pyhelm3, one release a task.

Run by `kopf run -n NAMESPACE peer.py`. It keeps nothing, repairs nothing and reports no result: it is what these
libraries give for the asking, not a straw man with faults of its own making.
"""

import pathlib
from typing import Any

import kopf
import pyhelm3

CHART = pathlib.Path(__file__).parent / "chart"
INSPECTS = ("api.practice.com", "v1alpha1", "inspects")

helm = pyhelm3.Client()


@kopf.on.startup()
async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = False
    settings.scanning.disabled = True


@kopf.on.create(*INSPECTS)
@kopf.on.update(*INSPECTS)
@kopf.on.resume(*INSPECTS)
async def apply(spec: kopf.Spec, name: str, namespace: str | None, **_: Any) -> None:
    chart = await helm.get_chart(CHART)
    for task in spec["tasks"]:
        await helm.install_or_upgrade_release(
            f"{name}--{task['name']}",
            chart,
            {"script": task["script"]},
            namespace=namespace,
            create_namespace=False,
        )


@kopf.on.delete(*INSPECTS)
async def remove(spec: kopf.Spec, name: str, namespace: str | None, **_: Any) -> None:
    for task in spec["tasks"]:
        await helm.uninstall_release(f"{name}--{task['name']}", namespace=namespace)
