"""What the container of a task has in its pod, laid out in a folder: files, command line and environment."""

import contextlib
import dataclasses
import os
import pathlib
import sys

from inspect_operator import runner
from inspect_operator import settings as settings_module
from inspect_operator.api import check as checks
from inspect_operator.api import task as tasks
from inspect_operator.cli.local import given as givens
from inspect_operator.cli.local import obstacle
from inspect_operator.plan import naming
from inspect_operator.render import context, hosts
from inspect_operator.runner import verdict

RESULTS_FILE = "ResultsFileExists"
_RUNNER = pathlib.Path(runner.__file__).parent


@dataclasses.dataclass(frozen=True)
class Container:
    """`note` is where the runner leaves its summary. The environment may hold what stands in Secrets."""

    command: list[str]
    environment: dict[str, str] = dataclasses.field(repr=False)
    work: pathlib.Path
    note: pathlib.Path


def lay_out(
    folder: pathlib.Path,
    task: tasks.Task,
    owner: tasks.Owner,
    given: givens.Given,
    check: checks.Check | None,
    settings: settings_module.Settings,
) -> Container:
    """In an empty folder that nobody else may read."""
    work, note = folder / "work", folder / "termination-log"
    work.mkdir()
    script = _script(folder, task, owner.namespace, given, check)
    release = naming.release_name(owner.name, task.name)
    command = [
        sys.executable, "-I", str(_RUNNER / "inspect-runner"),
        *(["--hosts", str(_hosts(folder, task, owner.namespace, release, given))] if task.hosts else []),
        "--interpreter", task.interpreter or "auto", "--timeout", str(task.timeout_seconds),
        *context.results_arguments(task), "--termination-log", str(note), str(script), "--", *task.args,
    ]  # fmt: skip
    environment = {
        # As the image has it, but for PATH; what the person has in the environment is not in a pod.
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(work),
        "TMPDIR": str(work),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_RUNNER / "lib"),
    }
    if not task.hosts:
        environment |= _from_objects(task, owner.namespace, given) | context.variables(task, settings)
    return Container(command, environment, work, note)


def old_results(task: tasks.Task) -> verdict.Judgement | None:
    """What was left where the script is to leave its findings would be taken for them: a pod begins without it."""
    if not task.results_file or not pathlib.Path(task.results_file).exists():
        return None
    words = f"{task.results_file} is there already, and would be taken for what this run found; remove it"
    return verdict.error(RESULTS_FILE, words)


def remove_results(task: tasks.Task) -> None:
    """Those that this run has left."""
    if task.results_file:
        with contextlib.suppress(OSError):
            pathlib.Path(task.results_file).unlink(missing_ok=True)


def _script(
    folder: pathlib.Path, task: tasks.Task, namespace: str, given: givens.Given, check: checks.Check | None
) -> pathlib.Path:
    ref = task.script_from
    if ref is not None:  # mounted whole: one script may read another
        return _mount(folder / "configmaps" / ref.name, given.of(ref.kind, namespace, ref.name) or {}) / ref.key
    path = folder / "script"
    path.write_bytes((check.script if check else task.script).encode("utf-8", "surrogatepass"))
    path.chmod(0o500)
    return path


def _hosts(folder: pathlib.Path, task: tasks.Task, namespace: str, release: str, given: givens.Given) -> pathlib.Path:
    """The runner's file, and what it names."""
    made = hosts.context(task, release, str(folder / "ssh"))
    inline = {key: password.encode() for key, password in hosts.inline_passwords(task).items()}
    for one in made["ssh_files"]:
        own = inline if one["name"] == naming.secret_name(release) else {}
        _mount(pathlib.Path(one["path"]), {**(given.of(one["kind"], namespace, one["name"]) or {}), **own})
    path = folder / "hosts.json"
    path.write_text(made["hosts_json"], encoding="utf-8")
    return path


def _mount(folder: pathlib.Path, data: givens.Data) -> pathlib.Path:
    folder.mkdir(parents=True)
    for key, content in data.items():
        (folder / key).write_bytes(content)
        (folder / key).chmod(0o500)
    return folder


def _from_objects(task: tasks.Task, namespace: str, given: givens.Given) -> dict[str, str]:
    """What `envFrom` brings; of two with the same key the last one counts, as in a pod."""
    made: dict[str, str] = {}
    for one in task.env_from:
        for kind, field in obstacle.ENV_FROM.items():
            data = given.of(kind, namespace, one[field]["name"]) if one.get(field) else None
            for key, content in (data or {}).items():
                made[(one.get("prefix") or "") + key] = os.fsdecode(content)
    return made
