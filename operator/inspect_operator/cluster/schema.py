"""What of a manifest the API server would refuse for its form: unknown fields, wrong types, missing ones.

By the client library's models, which are generated from Kubernetes' own OpenAPI definition.
"""

from collections.abc import Iterator
from typing import Any

import pydantic
from kubernetes.aio.client.models.v1_config_map import V1ConfigMap
from kubernetes.aio.client.models.v1_cron_job import V1CronJob
from kubernetes.aio.client.models.v1_job import V1Job
from kubernetes.aio.client.models.v1_role_binding import V1RoleBinding
from kubernetes.aio.client.models.v1_service_account import V1ServiceAccount

_MODELS: dict[str, type[pydantic.BaseModel]] = {
    "ConfigMap": V1ConfigMap,
    "CronJob": V1CronJob,
    "Job": V1Job,
    "RoleBinding": V1RoleBinding,
    "ServiceAccount": V1ServiceAccount,
}
_WORDS = {"extra_forbidden": "there is no such field", "missing": "is required"}


def complaints(item: dict[str, Any]) -> Iterator[str]:
    """Each with its field, such as spec.template.spec.containers[0].image."""
    try:
        read = _MODELS[item["kind"]].model_validate(item)
    except pydantic.ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in one["loc"]).lstrip(".")
            yield f"{place}: {_WORDS.get(one['type'], one['msg'])}"
    else:
        yield from _misspelt(item, read.model_dump(by_alias=True, mode="json"), "")


def _misspelt(written: Any, known: Any, place: str) -> Iterator[str]:
    """The models also take a field by Python's name for it, backoff_limit, which the API server doesn't know."""
    if isinstance(written, dict) and isinstance(known, dict):
        for name, value in written.items():
            if name not in known:
                yield f"{place}.{name}: {_WORDS['extra_forbidden']}".lstrip(".")
            yield from _misspelt(value, known.get(name), f"{place}.{name}")
    elif isinstance(written, list) and isinstance(known, list):
        for index, (one, other) in enumerate(zip(written, known, strict=False)):
            yield from _misspelt(one, other, f"{place}[{index}]")
