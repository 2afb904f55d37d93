"""Small forms that the fields of an Inspect are made of: names, durations, references, selectors, as elsewhere in
Kubernetes. Every string has a maxLength and every list a maxItems, for the cost budget of the CEL rules.
"""

import enum
import re
from typing import Annotated, Literal

import pydantic

from inspect_operator import errors
from inspect_operator.runner import stream

MAX_TASKS = 100
MAX_SCRIPT_BYTES = 200 * 1024
MAX_SCRIPTS_BYTES = 1024 * 1024
MAX_HOSTS = 256
MAX_DEPENDS_ON = 8

#: Go-like durations without fractions: 90s, 10m, 1h30m.
DURATION = r"^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$"
#: Kubernetes' own pattern of quantities (apimachinery, resource.Quantity in CRDs).
QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)

Name = Annotated[str, pydantic.Field(min_length=1, max_length=253)]
Duration = Annotated[str, pydantic.Field(min_length=2, max_length=20, pattern=DURATION)]
Quantity = Annotated[
    int | str, pydantic.Field(json_schema_extra={"x-kubernetes-int-or-string": True, "pattern": QUANTITY})
]
Quantities = Annotated[dict[str, Quantity], pydantic.Field(max_length=8)]
Retries = Annotated[int, pydantic.Field(ge=0, le=10)]
Port = Annotated[int, pydantic.Field(ge=1, le=65535)]
#: Five fields, or one of cron's words; what stands in the fields is checked by Kubernetes when the CronJob is made.
SCHEDULE = (
    r"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)"
    r"|[0-9A-Za-z*/,?-]+( +[0-9A-Za-z*/,?-]+){4})$"
)
#: A folder of templates.
FOLDER = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
LABEL_NAME = r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$"
LABEL_VALUE = r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$"
LabelName = Annotated[str, pydantic.Field(max_length=317, pattern=LABEL_NAME)]
LabelValue = Annotated[str, pydantic.Field(max_length=63, pattern=LABEL_VALUE)]
#: RFC 1123 subdomain, what Kubernetes takes as a name of most objects.
ObjectName = Annotated[str, pydantic.Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
DataKey = Annotated[str, pydantic.Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9_.-]+$")]


class Interpreter(enum.StrEnum):
    """What runs a script."""

    BASH = "bash"
    SH = "sh"
    PYTHON3 = "python3"


class Strict(pydantic.BaseModel):
    """Unknown fields are refused, as kubectl's strict validation refuses them."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Results(Strict):
    """How findings are told."""

    format: stream.Format | None = pydantic.Field(
        None,
        description="auto (in any way we know), cases (caseName:…, result:…), checks (<check> ok|warn|error …), "
        "jsonLines, junit, or none: then the exit code is the result. Default auto.",
    )
    file: Annotated[str, pydantic.Field(min_length=2, max_length=1024, pattern=r"^/[^\x00-\x1f\x7f]+$")] | None = (
        pydantic.Field(
            None,
            description="File in which the script leaves its findings, such as /tmp/report.xml; it is read once the "
            "script has ended, instead of what is printed.",
        )
    )


class EnvVar(Strict):
    """One environment variable with a literal value."""

    name: str = pydantic.Field(
        min_length=1, max_length=253, pattern=r"^[A-Za-z_.-][A-Za-z0-9_.-]*$", description="Name of the variable."
    )
    value: str = pydantic.Field(max_length=32768, description="Value, taken literally: nothing is expanded.")


Labels = Annotated[dict[str, LabelValue], pydantic.Field(max_length=16)]
Address = Annotated[str, pydantic.Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:%-]+$")]
User = Annotated[str, pydantic.Field(min_length=1, max_length=253, pattern=r"^[^\s\x00-\x1f]+$")]


class Resources(Strict):
    """Requests and limits of the container, as in a pod."""

    requests: Quantities | None = pydantic.Field(None, description="What the container is guaranteed.")
    limits: Quantities | None = pydantic.Field(None, description="What the container may use at most.")


class KeyRef(Strict):
    """One key of a ConfigMap or Secret in the Inspect's namespace."""

    name: ObjectName = pydantic.Field(description="Name of the object.")
    key: DataKey = pydantic.Field(description="Key in its data.")


class ConfigMapValue(Strict):
    """Content that stands in a ConfigMap."""

    configMapKeyRef: KeyRef = pydantic.Field(description="The ConfigMap and its key.")  # noqa: N815


class SecretValue(Strict):
    """Content that stands in a Secret; it is mounted as a file and read from nowhere else."""

    secretKeyRef: KeyRef = pydantic.Field(description="The Secret and its key.")  # noqa: N815


class FileValue(Strict):
    """Content that stands in a ConfigMap or in a Secret."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "has(self.configMapKeyRef) != has(self.secretKeyRef)",
                    "message": "exactly one of configMapKeyRef, secretKeyRef",
                }
            ]
        },
    )
    configMapKeyRef: KeyRef | None = pydantic.Field(None, description="The ConfigMap and its key.")  # noqa: N815
    secretKeyRef: KeyRef | None = pydantic.Field(None, description="The Secret and its key.")  # noqa: N815


class ObjectRef(Strict):
    """A ConfigMap or Secret in the Inspect's namespace."""

    name: ObjectName = pydantic.Field(description="Name of the object.")


class EnvFrom(Strict):
    """All keys of a ConfigMap or Secret as environment variables, as in a pod."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "has(self.configMapRef) != has(self.secretRef)",
                    "message": "exactly one of configMapRef, secretRef",
                }
            ]
        },
    )
    prefix: str | None = pydantic.Field(None, max_length=63, description="Stands before the name of each variable.")
    configMapRef: ObjectRef | None = pydantic.Field(None, description="The ConfigMap.")  # noqa: N815
    secretRef: ObjectRef | None = pydantic.Field(None, description="The Secret.")  # noqa: N815


class Toleration(Strict):
    """A taint that does not matter, as in a pod."""

    key: LabelName | None = pydantic.Field(None, description="Key of the taint; without it all, operator being Exists.")
    operator: Literal["Exists", "Equal"] | None = pydantic.Field(None, description="Exists or Equal (the default).")
    value: LabelValue | None = pydantic.Field(None, description="Value of the taint, for Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = pydantic.Field(
        None, description="Effect of the taint; without it any."
    )
    tolerationSeconds: int | None = pydantic.Field(  # noqa: N815
        None, description="How long a NoExecute taint is tolerated, in seconds; without it for ever."
    )


Tolerations = Annotated[list[Toleration], pydantic.Field(max_length=32)]


class Requirement(Strict):
    """One condition on a label."""

    key: LabelName = pydantic.Field(description="The label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = pydantic.Field(
        description="In, NotIn, Exists or DoesNotExist."
    )
    values: list[LabelValue] | None = pydantic.Field(None, max_length=64, description="The values, for In and NotIn.")


class Selector(Strict):
    """A label selector as elsewhere in Kubernetes: all of it has to hold."""

    matchLabels: Labels | None = pydantic.Field(None, description="Labels and their values.")  # noqa: N815
    matchExpressions: list[Requirement] | None = pydantic.Field(  # noqa: N815
        None, max_length=16, description="Conditions on labels."
    )


def seconds(duration: str, field: str) -> int:
    """Seconds of a duration such as 1h30m.

    :raises errors.SpecInvalid: it is no time at all
    """
    factors = {"h": 3600, "m": 60, "s": 1}
    found = sum(int(number) * factors[unit] for number, unit in re.findall(r"([0-9]+)([hms])", duration))
    if found < 1:
        raise errors.SpecInvalid(f"{field}: {duration!r} is no time at all; say at least 1s")
    return found
