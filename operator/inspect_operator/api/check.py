"""A check as data: a script with a name, a line of help, a schema for its parameters, and what it asks of Kubernetes."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Access:
    """What a check may do in the Kubernetes API: RBAC policy rules.

    `cluster_wide`: True where the rules are needed in the whole cluster, False where in the Inspect's namespace only;
    or the name of a boolean parameter that asks for the whole cluster.
    """

    rules: tuple[Mapping[str, Any], ...]
    cluster_wide: bool | str = False


@dataclasses.dataclass(frozen=True)
class Check:
    """One check. `parameters` is a JSON schema of type object; `interpreter` is empty where the script's own first line
    says it, else bash."""

    name: str
    script: str
    help: str = ""
    interpreter: str = ""
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    access: Access | None = None
