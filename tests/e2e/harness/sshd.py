"""Hosts to inspect over SSH: pods of tests/images/sshd, with users, keys and host keys of the test's choice.

image = sshd.image()                                   # built and loaded into the embedded cluster
key = sshd.new_key(passphrase="…")
host = sshd.start(namespace, "web1", image, passwords={"root": "…"}, keys={"inspect": [key.public]})
host.address, host.port, host.known_hosts              # what a hosts task and its known_hosts need
host.logins()                                          # one line a login that sshd accepted
"""

import dataclasses
import sys
from collections.abc import Mapping, Sequence

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.e2e.harness import kube

PORT = 2222
IMAGE = "docker.io/inspect-operator/sshd:test"


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    private: str = dataclasses.field(repr=False)  # OpenSSH's format
    public: str  # `ssh-ed25519 AAAA…`, as in authorized_keys


@dataclasses.dataclass(frozen=True, slots=True)
class Sshd:
    namespace: str
    name: str
    address: str
    host_key: Key
    port: int = PORT

    @property
    def known_hosts(self) -> str:
        """Its line of a known_hosts file."""
        return f"[{self.address}]:{self.port} {self.host_key.public}\n"

    def logins(self) -> list[str]:
        """`Accepted password for root from …`, oldest first."""
        return [line for line in self.log().splitlines() if line.startswith("Accepted ") and " for " in line]

    def log(self) -> str:
        """What sshd has said so far."""
        return kube.run("logs", self.name, "-n", self.namespace)

    def run(self, command: str) -> str:
        """What a shell on the host prints, as root."""
        return kube.run("exec", self.name, "-n", self.namespace, "--", "bash", "-c", command)


def image() -> str:
    """Builds and loads the image; a second call sends nothing."""
    kube.run("dev/cluster", "load", "tests/images/sshd", "--name", IMAGE, binary=sys.executable, seconds=300)
    return IMAGE


def new_key(passphrase: str = "") -> Key:
    """An Ed25519 key, for a user or a host."""
    made = ed25519.Ed25519PrivateKey.generate()
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    private = made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, encryption)
    public = made.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return Key(private.decode(), public.decode())


def start(
    namespace: str,
    name: str,
    image: str,
    *,
    passwords: Mapping[str, str] | None = None,
    keys: Mapping[str, Sequence[str]] | None = None,
    host_key: Key | None = None,
    options: Sequence[str] = (),
    shell: str = "/bin/bash",
) -> Sshd:
    """A pod that is ready for logins. `options`: lines of sshd_config, such as `MaxSessions 1`.

    :raises kube.Failed: where the namespace's Pod Security keeps it out: sshd has to run as root
    """
    host_key = host_key or new_key()
    given = {f"{user}.password": password for user, password in (passwords or {}).items()}
    given |= {f"{user}.keys": "".join(f"{line}\n" for line in lines) for user, lines in (keys or {}).items()}
    given["ssh_host_ed25519_key"] = host_key.private
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": given}, namespace)
    kube.apply(_pod(name, image, options, shell), namespace)
    kube.run("wait", "pod", name, "-n", namespace, "--for=condition=Ready", "--timeout=60s")
    address = kube.run("get", "pod", name, "-n", namespace, "-o", "jsonpath={.status.podIP}")
    return Sshd(namespace, name, address, host_key)


def _pod(name: str, image: str, options: Sequence[str], shell: str) -> kube.Object:
    variables = {"SSHD_OPTIONS": "\n".join(options), "USER_SHELL": shell}
    container = {
        "name": "sshd",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": {"cpu": "100m"}},  # a handshake is work, and tests side by side leave little of it
        "env": [{"name": variable, "value": value} for variable, value in variables.items()],
        "volumeMounts": [{"name": "given", "mountPath": "/given", "readOnly": True}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "sshd"}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "containers": [container],
            "volumes": [{"name": "given", "secret": {"secretName": name, "defaultMode": 0o400}}],
        },
    }
