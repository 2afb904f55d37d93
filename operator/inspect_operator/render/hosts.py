"""What the runner is told about hosts: where they are and in which files their passwords and keys stand.

Secrets are mounted whole, by name, below /ssh/secrets; their content is nowhere here.
"""

import hashlib
from typing import Any, TypedDict

from inspect_operator import yaml_json
from inspect_operator.api import task as tasks
from inspect_operator.plan import naming
from inspect_operator.render import contract

#: Where the pod has them.
ROOT = "/ssh"
_FOLDERS = {"Secret": "secrets", "ConfigMap": "configmaps"}


class OfHosts(TypedDict):
    """A part of contract.Task."""

    hosts_json: str
    ssh_files: list[contract.SshFile]


def context(task: tasks.Task, release: str, root: str = ROOT) -> OfHosts:
    """`hosts_json` is the runner's file, `ssh_files` are the Secrets and ConfigMaps to mount, all below `root`."""
    if not task.hosts:
        return {"hosts_json": "", "ssh_files": []}
    return {"hosts_json": yaml_json.dumps(_file(task, release, root)), "ssh_files": _mounts(task, release, root)}


def inline_passwords(task: tasks.Task) -> dict[str, str]:
    """Passwords that stand in the Inspect itself, by their key in the Secret that they are copied to."""
    return {
        _inline_key(index): host.login.inline_password
        for index, host in enumerate(task.hosts)
        if host.login.inline_password
    }


def _file(task: tasks.Task, release: str, root: str) -> dict[str, Any]:
    env = dict(task.env) | dict(task.parameters)
    return {
        "parallelism": task.ssh.parallelism,
        "connectTimeoutSeconds": task.ssh.connect_timeout_seconds,
        "runTimeoutSeconds": task.ssh.run_timeout_seconds,
        "trustOnFirstUse": task.ssh.trust_on_first_use,
        "knownHosts": _path(task.ssh.known_hosts, root),
        "env": [[name, value] for name, value in env.items()],
        "hosts": [_host(host, index, release, root) for index, host in enumerate(task.hosts)],
    }


def _host(host: tasks.Host, index: int, release: str, root: str) -> dict[str, Any]:
    login = _login(host.login, root)
    if host.login.inline_password:
        login["passwordFile"] = f"{_folder('Secret', naming.secret_name(release), root)}/{_inline_key(index)}"
    return {"name": host.name, **login, "jump": _login(host.jump, root) if host.jump else None}


def _login(login: tasks.Login, root: str) -> dict[str, Any]:
    return {
        "address": login.address,
        "port": login.port,
        "user": login.user,
        "passwordFile": _path(login.password, root),
        "keyFile": _path(login.private_key, root),
        "passphraseFile": _path(login.passphrase, root),
    }


def _mounts(task: tasks.Task, release: str, root: str) -> list[contract.SshFile]:
    logins = [login for host in task.hosts for login in (host.login, host.jump) if login is not None]
    refs = [ref for login in logins for ref in (login.password, login.private_key, login.passphrase)]
    wanted = {(ref.kind, ref.name) for ref in (*refs, task.ssh.known_hosts) if ref is not None}
    if inline_passwords(task):
        wanted.add(("Secret", naming.secret_name(release)))
    return [
        {
            "kind": kind,
            "name": name,
            "path": _folder(kind, name, root),
            "volume": f"ssh-{hashlib.sha256(f'{kind}/{name}'.encode()).hexdigest()[:12]}",
        }
        for kind, name in sorted(wanted)
    ]


def _path(ref: tasks.KeyRef | None, root: str) -> str | None:
    return None if ref is None else f"{_folder(ref.kind, ref.name, root)}/{ref.key}"


def _folder(kind: str, name: str, root: str) -> str:
    return f"{root}/{_FOLDERS[kind]}/{name}"


def _inline_key(index: int) -> str:
    return f"password-{index}"
