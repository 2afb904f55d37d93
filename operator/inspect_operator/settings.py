"""What an administrator sets: from the environment, read once at start; and where shipped files are found.

Every variable is INSPECT_OPERATOR_<NAME>; flags of the command line win over it (see __main__).
"""

import dataclasses
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from inspect_operator import __version__, errors

PREFIX = "INSPECT_OPERATOR_"
#: Any other value would make the operator stand still, or fail later in words of somebody else.
_AT_LEAST = {
    "lease_seconds": 1,
    "helm_concurrency": 1,
    "http_port": 0,
    "missed_schedule_seconds": 1,
    "active_runs": 1,
    "active_runs_per_namespace": 1,
}
_ONE_OF = {
    "image_pull_policy": ("Always", "IfNotPresent", "Never"),
    "log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
    "log_format": ("text", "json"),
    "helm_engine": ("exec", "warm"),
}


#: Where images of operator-sdk's Helm operators have theirs.
SDK_WATCHES = pathlib.Path("/opt/helm/watches.yaml")
#: What the templates know of.
PROFILES = ("node",)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Shapes and units: durations in seconds, folders as absolute paths."""

    namespaces: tuple[str, ...] = ()  # empty: all
    lease_namespace: str = ""  # empty: in a pod its own, else where an installed operator has it
    lease_name: str = "inspect-operator"
    lease_seconds: float = 15.0
    helm: str = "helm"
    helm_concurrency: int = 4
    helm_engine: str = "exec"  # or warm: a helm that is kept running
    warm_helm: str = "warm-helm"
    runner_image: str = f"docker.io/inspect-operator/runner:{__version__}"
    image_pull_policy: str = "IfNotPresent"
    http_port: int = 0  # of /metrics, /livez and /readyz; 0: none
    stand_by: bool = False  # wait for the Lease where another operator holds it, rather than refuse to start
    log_level: str = "INFO"
    log_format: str = "text"  # or json
    message_center_url: str = ""  # told of every run of tasks in the original spelling; empty: nobody is
    notify_allow: tuple[str, ...] = ()  # hosts and networks for notices beside https to public addresses
    apprise_allow: tuple[str, ...] = ()  # apprise URLs that tasks may use, as scheme or scheme://host
    missed_schedule_seconds: float = 330.0  # so late a run of a schedule has not begun when it counts as missed
    active_runs: int = 100  # Jobs that are done once, active at the same time, in all
    active_runs_per_namespace: int = 50
    site_templates: str = "/etc/inspect-operator/templates"  # folder with templates of the site, where it is there
    site_checks: str = ""  # folder with checks of the site; empty: none
    profiles: tuple[str, ...] = ()  # what tasks may have where, as profile=namespace; namespace * is every one

    def profiles_of(self, namespace: str) -> frozenset[str]:
        """The profiles that tasks in this namespace may have."""
        pairs = [entry.partition("=") for entry in self.profiles]
        return frozenset(name for name, _, where in pairs if where in (namespace, "*"))


def data_folder(name: str, environ: Mapping[str, str] = os.environ) -> pathlib.Path:
    """Where the folder of shipped files `name` is (templates, charts, checks): environment → package → checkout.

    :raises errors.SettingsInvalid: it is in none of the three places
    """
    package = pathlib.Path(__file__).resolve().parent
    variable = PREFIX + name.upper()
    if chosen := environ.get(variable, ""):
        if not pathlib.Path(chosen).is_dir():
            raise errors.SettingsInvalid(f"{variable}={chosen}: no such folder")
        return pathlib.Path(chosen).resolve()
    for folder in (package / "data" / name, package.parent.parent / name):
        if folder.is_dir():
            return folder
    raise errors.SettingsInvalid(f"folder {name!r} not found: set {variable}, or install the package again")


def watches_file(environ: Mapping[str, str] = os.environ) -> pathlib.Path:
    """watches.yaml: environment → an image built as operator-sdk's are (/opt/helm) → package → checkout.

    :raises errors.SettingsInvalid: it is nowhere
    """
    package = pathlib.Path(__file__).resolve().parent
    if chosen := environ.get(f"{PREFIX}WATCHES", ""):
        if not pathlib.Path(chosen).is_file():
            raise errors.SettingsInvalid(f"{PREFIX}WATCHES={chosen}: no such file")
        # Links stay: those of a mounted ConfigMap lead to a folder that goes with the next change of it.
        return pathlib.Path(chosen).absolute()
    for path in (SDK_WATCHES, package / "data" / "watches.yaml", package.parent.parent / "watches.yaml"):
        if path.is_file():
            return path
    raise errors.SettingsInvalid(f"watches.yaml not found: set {PREFIX}WATCHES, or install the package again")


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment; what isn't named there keeps its default.

    :raises errors.SettingsInvalid: a value has the wrong form; names the variable
    """
    values: dict[str, object] = {}
    for field in dataclasses.fields(Settings):
        variable = PREFIX + field.name.upper()
        text = environ.get(variable, "").strip()
        if text:
            values[field.name] = value = _parse(variable, text, type(field.default))
            if field.name in _AT_LEAST and not value >= _AT_LEAST[field.name]:  # so written, it refuses nan too
                raise errors.SettingsInvalid(f"{variable}={text}: expected at least {_AT_LEAST[field.name]}")
            if field.name in _ONE_OF and value not in _ONE_OF[field.name]:
                raise errors.SettingsInvalid(f"{variable}={text}: expected one of {', '.join(_ONE_OF[field.name])}")
    profiles = values.get("profiles", ())
    for entry in profiles if isinstance(profiles, tuple) else ():
        if not all(entry.partition("=")):
            raise errors.SettingsInvalid(f"{PREFIX}PROFILES: {entry!r}; write profile=namespace, or profile=* for all")
        if entry.partition("=")[0] not in PROFILES:
            raise errors.SettingsInvalid(f"{PREFIX}PROFILES: {entry!r}; there is no such profile but {PROFILES[0]}")
    if "lease_namespace" not in values:
        values["lease_namespace"] = _own_namespace()
    return Settings(**values)  # type: ignore[arg-type]


def _parse(variable: str, text: str, kind: type) -> Any:
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise errors.SettingsInvalid(f"{variable}={text}: expected true or false")
        return text.lower() == "true"
    try:
        return kind(text)
    except ValueError:
        raise errors.SettingsInvalid(f"{variable}={text}: expected a {kind.__name__}") from None


def _own_namespace() -> str:
    """The namespace of our pod; empty outside a cluster."""
    mounted = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    return mounted.read_text().strip() if mounted.is_file() else ""
