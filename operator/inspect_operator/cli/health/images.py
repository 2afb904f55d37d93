"""Do pods wait for images that can't be pulled? Whether one could be, only a node can tell."""

from inspect_operator.cli.health import operators
from inspect_operator.cli.health import place as places
from inspect_operator.cli.health.finding import Finding, Level, named
from inspect_operator.cluster import resources

REASONS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
)


async def look(place: places.Place) -> list[Finding]:
    """The pods of runs and those of operators."""
    pods = await place.cluster.list(resources.PODS, place.namespace, selector="taskType=inspect", full=True)
    for one in {each.namespace for each in place.operators}:
        pods += await place.cluster.list(resources.PODS, one, selector=operators.SELECTOR, full=True)
    waiting: dict[str, list[tuple[str, str, str]]] = {}
    for pod in pods:
        metadata, status = pod["metadata"], pod.get("status") or {}
        for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            held = (one.get("state") or {}).get("waiting") or {}
            if held.get("reason") in REASONS:
                words = f"{held['reason']}: {held.get('message', '')}".removesuffix(": ")
                waiting.setdefault(_image(pod, one), []).append((metadata["namespace"], metadata["name"], words))
    found = []
    for image, some in sorted(waiting.items()):
        namespace, name, words = some[0]
        listed = named([f"{where}/{pod}" for where, pod, _ in some])
        what = f"{len(some)} pod{'s wait' if len(some) > 1 else ' waits'} for the image {image}"
        fix = f"kubectl describe pod {name} -n {namespace}"
        found.append(Finding(Level.ERROR, what, f"{listed}: {words}", fix))
    return found or [Finding(Level.OK, f"none of {len(pods)} pods waits for an image")]


def _image(pod: places.Object, status: places.Object) -> str:
    """As the pod asks for it: the status has it otherwise before it is pulled, now and then."""
    spec = pod.get("spec") or {}
    containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    asked = next((one.get("image") for one in containers if one.get("name") == status.get("name")), None)
    return str(asked or status.get("image") or "?")
