"""The canonical form of an Inspect: one meaning, whichever spelling it was written in."""

import dataclasses
import enum
from typing import Any

from inspect_operator.api import notice
from inspect_operator.runner import stream

Pairs = tuple[tuple[str, str], ...]
#: Objects that are handed on to a pod as they were written, such as tolerations.
Objects = tuple[dict[str, Any], ...]


class Kind(enum.StrEnum):
    """What runs a task; the name of the template folder that makes its pods, unless the task names another."""

    SCRIPT = "script"  # a script or check, in the runner's image
    IMAGE = "image"  # an image with its own entry point
    SSH = "ssh"  # a script or check, on hosts that the runner logs in to
    TEMPLATE = "template"  # nothing of these: the templates that the task names say it all


@dataclasses.dataclass(frozen=True)
class KeyRef:
    """A key of a ConfigMap or Secret (`kind`) in the Inspect's namespace."""

    kind: str
    name: str
    key: str


@dataclasses.dataclass(frozen=True)
class Login:
    """Where and as whom to log in. `inline_password` stands in the Inspect itself, in the original spelling only."""

    address: str
    port: int = 22
    user: str = "root"
    password: KeyRef | None = None
    private_key: KeyRef | None = None
    passphrase: KeyRef | None = None
    inline_password: str = dataclasses.field(default="", repr=False, compare=False)


@dataclasses.dataclass(frozen=True)
class Host:
    """One machine, under the name that it has in results."""

    name: str
    login: Login
    jump: Login | None = None


@dataclasses.dataclass(frozen=True)
class Ssh:
    """How hosts are reached."""

    known_hosts: KeyRef | None = None
    trust_on_first_use: bool = False
    parallelism: int = 10
    connect_timeout_seconds: int = 10
    run_timeout_seconds: int = 600


@dataclasses.dataclass(frozen=True)
class Nodes:
    """Which nodes: a label selector, and tolerations, in Kubernetes' own form."""

    selector: dict[str, Any] = dataclasses.field(default_factory=dict)
    tolerations: Objects = ()


@dataclasses.dataclass(frozen=True)
class Task:
    """One task with every default applied.

    What runs is exactly one of `script` (text), `script_from`, `check` and `image`, or `template` alone. `interpreter`
    is empty where the script's first line says it, else bash. Where it runs: on `hosts`, on `nodes`, or in one pod.
    """

    name: str
    kind: Kind
    script: str = ""
    script_from: KeyRef | None = None
    check: str = ""
    parameters: Pairs = ()  # of a check, as environment variables, with defaults
    chosen: Pairs = ()  # of these, what isn't the default
    asks_api: bool = False  # the check asks the Kubernetes API
    cluster_wide: bool = False  # and for more than its own namespace
    template: str = ""  # the folder of templates, where the task names one
    template_parameters: dict[str, Any] = dataclasses.field(default_factory=dict)  # with defaults
    template_chosen: dict[str, Any] = dataclasses.field(default_factory=dict)  # of these, what isn't the default
    image: str = ""
    interpreter: str = ""
    args: tuple[str, ...] = ()
    env: Pairs = ()
    env_from: Objects = ()
    timeout_seconds: int = 600
    retries: int = 0
    requests: Pairs = ()
    limits: Pairs = ()
    results_format: stream.Format = stream.Format.AUTO
    results_file: str = ""  # absolute, in the pod; empty where findings are printed
    restart: bool = False
    original: bool = False
    location: str = ""  # script_location as written in the original spelling
    nodes: Nodes | None = None
    hosts: tuple[Host, ...] = ()
    ssh: Ssh = Ssh()
    node_selector: Pairs = ()
    tolerations: Objects = ()
    image_pull_secrets: tuple[str, ...] = ()
    service_account: str = ""
    profile: str = ""
    schedule: str = ""
    time_zone: str = ""
    suspend: bool = False
    depends_on: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of templates that makes its pods."""
        return self.template or self.kind.value

    @property
    def own_account(self) -> bool:
        """Whether its release holds an account for it: its check asks the Kubernetes API about its own namespace."""
        return self.asks_api and not self.cluster_wide and not self.service_account


@dataclasses.dataclass(frozen=True)
class Owner:
    """Who an Inspect object is; another object of the same name has another uid."""

    namespace: str
    name: str
    uid: str


@dataclasses.dataclass(frozen=True)
class Inspection:
    """An Inspect object: who it is, which generation of its spec, and its tasks in the order written.

    `run_request` is the annotation by which people ask for a run now, as they wrote it; `notifications` is None
    where the spec says nothing of notices.
    """

    owner: Owner
    generation: int
    tasks: tuple[Task, ...]
    run_request: str = ""
    notifications: tuple[notice.Policy, ...] | None = None
