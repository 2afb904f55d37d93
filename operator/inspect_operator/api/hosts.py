"""The hosts of a task, from either spelling to the canonical form."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from inspect_operator import errors
from inspect_operator.api import fields, original, target, task


def modern(
    written: Sequence[target.Host], ssh: target.Ssh | None, field: str, ssh_field: str, timeout_seconds: int
) -> dict[str, Any]:
    """The task's hosts, each with what `ssh` says for all of them; it stands at `ssh_field`, such as spec.ssh.

    :raises errors.SpecInvalid: a host can't be logged in to, or two have one name
    """
    common = ssh or target.Ssh.model_validate({})
    _refuse_lone_passphrase(common, ssh_field)
    made = []
    for index, host in enumerate(written):
        where = f"{field}.target.hosts[{index}]"
        _refuse_lone_passphrase(host, where)
        login = _login(host, host.address, common)
        _refuse_without_secret(login, where)
        through = _jump(host.jumpHost, where) if host.jumpHost else _jump(common.jumpHost, ssh_field)
        made.append(task.Host(host.name or host.address, login, through))
    _refuse_repeated(made, f"{field}.target.hosts")
    return {"hosts": tuple(made), "ssh": _settings(common, ssh_field, timeout_seconds)}


def original_hosts(
    written: Sequence[original.RemoteIp], ssh: target.Ssh | None, field: str, timeout_seconds: int
) -> dict[str, Any]:
    """The same of `remote_ips`. That spelling has no word for host keys: without spec.ssh.knownHostsFrom any key is
    accepted, and the result tells which."""
    common = ssh or target.Ssh.model_validate({})
    if not written:
        raise errors.SpecInvalid(f"{field}.remote_ips is missing: name the hosts (ip, user, password)")
    _refuse_lone_passphrase(common, "spec.ssh")
    jump = _jump(common.jumpHost, "spec.ssh")
    made = []
    for index, host in enumerate(written):
        where = f"{field}.remote_ips[{index}]"
        if not host.ip:
            raise errors.SpecInvalid(f"{where}.ip is missing: give the address of the host")
        password = host.password.get_secret_value() if host.password else ""
        user = host.user or common.user or "root"
        if password:
            login = task.Login(host.ip, common.port or 22, user, inline_password=password)
        else:
            login = task.Login(host.ip, common.port or 22, user, **_secrets(common, None))
        _refuse_without_secret(login, where)
        made.append(task.Host(host.ip, login, jump))
    _refuse_repeated(made, f"{field}.remote_ips")
    settings = _settings(common, "spec.ssh", timeout_seconds)
    if settings.known_hosts is None and common.trustOnFirstUse is None:
        settings = dataclasses.replace(settings, trust_on_first_use=True)
    return {"hosts": tuple(made), "ssh": settings}


def key_ref(value: fields.FileValue | fields.SecretValue | None) -> task.KeyRef | None:
    """The canonical form of a reference to a key."""
    if value is None:
        return None
    config_map = getattr(value, "configMapKeyRef", None)
    if config_map is not None:
        return task.KeyRef("ConfigMap", config_map.name, config_map.key)
    secret = value.secretKeyRef
    return None if secret is None else task.KeyRef("Secret", secret.name, secret.key)


def _login(own: target.Credentials, address: str, common: target.Credentials | None) -> task.Login:
    fallback = common or target.Credentials.model_validate({})
    return task.Login(
        address, own.port or fallback.port or 22, own.user or fallback.user or "root", **_secrets(own, fallback)
    )


def _secrets(own: target.Credentials, fallback: target.Credentials | None) -> dict[str, Any]:
    """Whoever gives a password or key gives all of it: a key of one doesn't go with the passphrase of the other."""
    giver = own if fallback is None or own.passwordFrom or own.privateKeyFrom else fallback
    return {
        "password": key_ref(giver.passwordFrom),
        "private_key": key_ref(giver.privateKeyFrom),
        "passphrase": key_ref(giver.passphraseFrom),
    }


def _settings(common: target.Ssh, field: str, timeout_seconds: int) -> task.Ssh:
    connect, run = common.connectTimeout, common.runTimeout
    return task.Ssh(
        known_hosts=key_ref(common.knownHostsFrom),
        trust_on_first_use=bool(common.trustOnFirstUse),
        parallelism=common.parallelism or 10,
        connect_timeout_seconds=fields.seconds(connect, f"{field}.connectTimeout") if connect else 10,
        run_timeout_seconds=fields.seconds(run, f"{field}.runTimeout") if run else timeout_seconds,
    )


def _jump(written: target.Login | None, field: str) -> task.Login | None:
    """The machine between, with secrets of its own: it doesn't get those of the hosts. `field` is where it stands."""
    if written is None:
        return None
    _refuse_lone_passphrase(written, f"{field}.jumpHost")
    if not (written.passwordFrom or written.privateKeyFrom):
        raise errors.SpecInvalid(f"{field}.jumpHost: no way to log in; give passwordFrom or privateKeyFrom there")
    return _login(written, written.address, None)


def _refuse_lone_passphrase(written: target.Credentials, where: str) -> None:
    if written.passphraseFrom and not written.privateKeyFrom:
        raise errors.SpecInvalid(f"{where}.passphraseFrom belongs to privateKeyFrom; give both")


def _refuse_without_secret(login: task.Login, where: str) -> None:
    if login.password is None and login.private_key is None and not login.inline_password:
        raise errors.SpecInvalid(
            f"{where}: no way to log in; give passwordFrom or privateKeyFrom there, or for all hosts in ssh"
        )


def _refuse_repeated(made: Sequence[task.Host], field: str) -> None:
    names = [host.name for host in made]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise errors.SpecInvalid(f"{field}: {', '.join(repeated)} stands there more than once; give each host a name")
