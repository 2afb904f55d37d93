"""Who is reached, whom we believe, and how we log in: each host with the row that says so."""

import base64
import hashlib
import io
import socket
from typing import Any

import paramiko  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.unit.runner import ssh_server

#: Real processes, sockets or thousands of texts: `make test` runs it, `make check` does not.
pytestmark = pytest.mark.slow

Ssh = Any  # conftest.Ssh: a conftest cannot be imported by name


def encoded(key: Any, style: str, passphrase: str = "") -> bytes:
    encryption: Any = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    form = {
        "openssh": serialization.PrivateFormat.OpenSSH,
        "pem": serialization.PrivateFormat.TraditionalOpenSSL,
        "pkcs8": serialization.PrivateFormat.PKCS8,
    }[style]
    content: bytes = key.private_bytes(serialization.Encoding.PEM, form, encryption)
    return content


def as_paramiko(key: Any, kind: Any) -> paramiko.PKey:
    return kind.from_private_key(io.StringIO(encoded(key, "openssh").decode()))


def fingerprint(key: paramiko.PKey) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_every_way_to_fail_has_its_reason_and_says_what_to_do(ssh: Ssh) -> None:
    plain, other = ssh.server(), ssh.server()
    silent = socket.create_server(("127.0.0.1", 0))
    known = plain.known + f"[127.0.0.1]:{other.port} {plain.known.split(' ', 1)[1]}"
    unknown = ssh.server()
    revoked = ssh.server()
    known += revoked.known + "@revoked * " + revoked.known.split(" ", 1)[1]
    password = plain.behaviour.password

    def at(name: str, port: int, **more: Any) -> dict[str, Any]:
        return {"name": name, "address": "127.0.0.1", "port": port, "user": "user",
                "passwordFile": ssh.file(password), **more}  # fmt: skip

    hosts = [
        ssh.host("well", plain),
        at("closed", closed_port()),
        at("nameless", 22, address="no-such-host.invalid"),
        at("silent", silent.getsockname()[1]),
        at("other-key", other.port),
        at("unknown-key", unknown.port),
        at("revoked-key", revoked.port),
        at("wrong-password", plain.port, passwordFile=ssh.file(ssh.secret())),
        at("no-password", plain.port, passwordFile="/ssh/secrets/web/password"),
        at("empty-password", plain.port, passwordFile=ssh.file("\n")),
        at("no-key", plain.port, passwordFile=None, keyFile="/ssh/secrets/web/id"),
        at("bad-key", plain.port, passwordFile=None, keyFile=ssh.file(ssh.secret())),
        at("nothing", plain.port, passwordFile=None),
    ]
    done = ssh.run("echo hello", hosts, knownHosts=ssh.file(known), connectTimeoutSeconds=3, parallelism=20)
    silent.close()
    assert done.verdicts == {
        "well": "success NoFindings",
        "closed": "error HostUnreachable",
        "nameless": "error HostUnreachable",
        "silent": "error ConnectTimeout",
        "other-key": "error HostKeyMismatch",
        "unknown-key": "error HostKeyUnknown",
        "revoked-key": "error HostKeyRevoked",
        "wrong-password": "error AuthenticationFailed",
        "no-password": "error SecretMissing",
        "empty-password": "error SecretMissing",
        "no-key": "error SecretMissing",
        "bad-key": "error KeyUnusable",
        "nothing": "error SecretMissing",
    }
    said = {name: row.judgement.message for name, row in done.rows.items()}
    assert "refused the connection" in said["closed"]
    assert "no-such-host.invalid is not resolved" in said["nameless"]
    assert "no SSH handshake within 3 s" in said["silent"]
    assert fingerprint(other.key) in said["other-key"]
    assert fingerprint(plain.key) in said["other-key"]
    assert f"ssh-ed25519 {fingerprint(unknown.key)}" in said["unknown-key"]
    assert unknown.known.strip() in said["unknown-key"]
    assert said["wrong-password"] == f"user at [127.0.0.1]:{plain.port}: the server refused the password"
    assert "there is no key password of Secret web (/ssh/secrets/web/password)" in said["no-password"]
    assert "key id of Secret web" in said["no-key"]
    assert done.exit_code == 1
    assert (done.summary["verdict"], done.summary["exitCode"]) == ("error", 1)
    assert done.summary["message"].startswith("1 of 13 hosts passed; error: closed (HostUnreachable: ")
    assert {name: row.exit_code for name, row in done.rows.items() if row.exit_code is not None} == {"well": 0}
    assert unknown.logins == []  # no password is told to a server that may be a false one
    assert other.logins == []
    assert revoked.logins == []


def test_secrets_are_looked_for_where_they_would_be_found(ssh: Ssh) -> None:
    control = ssh_server.canary()
    done = ssh.run(f"echo {control}; echo {control} >&2; echo disk-x fail {control}", [ssh.host("web1", ssh.server())])
    assert control in done.stdout
    assert control in done.stderr
    assert done.summary["findings"] == [{"name": "disk-x", "result": "fail", "message": control, "target": "web1"}]
    assert "userauth is OK" in done.debug_log


@pytest.mark.parametrize(
    ("make", "kind", "style", "encrypted"),
    [
        (ed25519.Ed25519PrivateKey.generate, paramiko.Ed25519Key, "openssh", True),
        (ed25519.Ed25519PrivateKey.generate, paramiko.Ed25519Key, "pkcs8", False),
        (lambda: ec.generate_private_key(ec.SECP256R1()), paramiko.ECDSAKey, "openssh", False),
        (lambda: ec.generate_private_key(ec.SECP384R1()), paramiko.ECDSAKey, "pem", True),
        (lambda: rsa.generate_private_key(65537, 2048), paramiko.RSAKey, "pem", False),
    ],
)
def test_keys_of_all_types_and_formats_log_in(ssh: Ssh, make: Any, kind: Any, style: str, encrypted: bool) -> None:
    key = make()
    passphrase = ssh.secret() if encrypted else ""
    host = ssh.server(authorized=[as_paramiko(key, kind)])
    private = encoded(key, style, passphrase)
    ssh.secrets.append(private.decode().splitlines()[1])
    mounted = {"keyFile": ssh.file(private), "passphraseFile": ssh.file(passphrase + "\n") if encrypted else None}
    done = ssh.run("exit 0", [ssh.host("web1", host, **mounted)])
    assert done.verdicts == {"web1": "success NoFindings"}
    assert host.logins[-1] == "publickey user"
    assert done.exit_code == 0


def test_a_key_without_its_passphrase_or_with_a_wrong_one_is_told_apart_from_a_refused_one(ssh: Ssh) -> None:
    key, stranger = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
    host = ssh.server(authorized=[as_paramiko(key, paramiko.Ed25519Key)])
    file = ssh.file(encoded(key, "openssh", ssh.secret()))
    done = ssh.run(
        "exit 0",
        [
            ssh.host("none", host, keyFile=file),
            ssh.host("wrong", host, keyFile=file, passphraseFile=ssh.file(ssh.secret())),
            ssh.host("refused", host, keyFile=ssh.file(encoded(stranger, "openssh")),
                     passwordFile=ssh.file(host.behaviour.password)),
        ],
    )  # fmt: skip
    assert done.verdicts == {
        "none": "error KeyUnusable",
        "wrong": "error KeyUnusable",
        "refused": "error AuthenticationFailed",
    }
    assert "needs its passphrase" in done.rows["none"].judgement.message
    assert "refused the key" in done.rows["refused"].judgement.message
    assert set(host.logins) == {"publickey user"}  # a password is no second try for a refused key


def test_a_password_is_told_to_a_server_that_only_asks_questions(ssh: Ssh) -> None:
    host = ssh.server(interactive_only=True)
    curious = ssh.server(interactive_only=True, prompts=(("Password: ", False), ("One-time code: ", False)))
    open_ended = ssh.server(interactive_only=True, prompts=(("Say it aloud: ", True),))
    done = ssh.run("exit 0", [ssh.host("a", host), ssh.host("b", curious), ssh.host("c", open_ended)])
    assert done.verdicts == {
        "a": "success NoFindings",
        "b": "error AuthenticationFailed",
        "c": "error AuthenticationFailed",
    }
    assert host.logins[-1] == "keyboard-interactive user"


def test_a_server_that_wants_key_and_password_gets_both(ssh: Ssh) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    host = ssh.server(authorized=[as_paramiko(key, paramiko.Ed25519Key)], both=True)
    file = ssh.file(encoded(key, "openssh"))
    done = ssh.run(
        "exit 0",
        [ssh.host("both", host, keyFile=file, passwordFile=ssh.file(host.behaviour.password)),
         ssh.host("key-only", host, keyFile=file)],
        parallelism=1,
    )  # fmt: skip
    assert done.verdicts == {"both": "success NoFindings", "key-only": "error AuthenticationFailed"}
    assert "wants more: password" in done.rows["key-only"].judgement.message


def test_first_use_is_told_with_the_fingerprint_and_never_covers_a_changed_key(ssh: Ssh) -> None:
    new, changed = ssh.server(), ssh.server()
    known = f"[127.0.0.1]:{changed.port} {new.known.split(' ', 1)[1]}"
    done = ssh.run(
        "exit 0", [ssh.host("new", new), ssh.host("changed", changed)],
        knownHosts=ssh.file(known), trustOnFirstUse=True,
    )  # fmt: skip
    assert done.verdicts == {"new": "success NoFindings", "changed": "error HostKeyMismatch"}
    assert f"trusted on first use: the key of [127.0.0.1]:{new.port}" in done.rows["new"].judgement.message
    assert fingerprint(new.key) in done.rows["new"].judgement.message
    assert new.known.strip() in done.rows["new"].judgement.message
    assert changed.logins == []


def test_without_known_hosts_nobody_is_trusted_and_a_missing_file_is_told(ssh: Ssh) -> None:
    host = ssh.server()
    assert ssh.run("exit 0", [ssh.host("a", host)], knownHosts=None).verdicts == {"a": "error HostKeyUnknown"}
    missing = ssh.run("exit 0", [ssh.host("a", host)], knownHosts="/ssh/configmaps/known/known_hosts")
    assert missing.verdicts == {"a": "error KnownHostsMissing"}
    assert "key known_hosts of ConfigMap known" in missing.rows["a"].judgement.message
    assert host.logins == []


def test_the_key_type_that_is_known_is_asked_for(ssh: Ssh) -> None:
    host = ssh.server()
    second = as_paramiko(ec.generate_private_key(ec.SECP256R1()), paramiko.ECDSAKey)
    host.more_keys.append(second)
    known = f"[127.0.0.1]:{host.port} {second.get_name()} {second.get_base64()}\n"
    assert ssh.run("exit 0", [ssh.host("a", host)], knownHosts=ssh.file(known)).verdicts == {"a": "success NoFindings"}


def test_a_host_behind_a_jump_host_is_reached_and_both_keys_are_checked(ssh: Ssh) -> None:
    jump, inner, closed = ssh.server(), ssh.server(), closed_port()
    strict = ssh.server(forwards=False)
    wrong = ssh.secret()
    via = ssh.login(jump)
    hosts = [
        ssh.host("through", inner, jump=via),
        {"name": "closed", **ssh.login(inner), "port": closed, "jump": via},
        ssh.host("jump-password", inner, jump=ssh.login(jump, passwordFile=ssh.file(wrong))),
        ssh.host("jump-strict", inner, jump=ssh.login(strict)),
        ssh.host("jump-down", inner, jump={**via, "port": closed}),
        ssh.host("jump-secret", inner, jump=ssh.login(jump, passwordFile="/ssh/secrets/gate/password")),
    ]
    done = ssh.run("echo disk-x ok", hosts, parallelism=1)
    assert done.verdicts == {
        "through": "success Passed",
        "closed": "error HostUnreachable",
        "jump-password": "error JumpHostFailed",
        "jump-strict": "error JumpHostFailed",
        "jump-down": "error JumpHostFailed",
        "jump-secret": "error SecretMissing",
    }
    assert "(AuthenticationFailed)" in done.rows["jump-password"].judgement.message
    assert "AllowTcpForwarding" in done.rows["jump-strict"].judgement.message
    unknown_jump = ssh.run("exit 0", [ssh.host("a", inner, jump=via)], knownHosts=ssh.file(inner.known))
    assert unknown_jump.verdicts == {"a": "error JumpHostFailed"}
    assert "HostKeyUnknown" in unknown_jump.rows["a"].judgement.message
    unknown_inner = ssh.run("exit 0", [ssh.host("a", inner, jump=via)], knownHosts=ssh.file(jump.known))
    assert unknown_inner.verdicts == {"a": "error HostKeyUnknown"}


def test_a_server_that_hangs_up_for_having_too_much_to_do_is_tried_again(ssh: Ssh) -> None:
    busy, closed = ssh.server(hang_ups=2), ssh.server(hang_ups=99)
    done = ssh.run("exit 0", [ssh.host("busy", busy), ssh.host("closed", closed)])
    assert done.verdicts == {"busy": "success NoFindings", "closed": "error HostUnreachable"}
    assert "hung up before" in done.rows["closed"].judgement.message
    assert closed.behaviour.hang_ups == 95
