"""Keys and certificates, made by openssl: one authority for the cluster, one for the API server's own proxying.

Elliptic keys, because they are made in milliseconds. Nothing here is renewed in place: what is missing, or no longer
says what it should, is made again.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from embedded import atomic, shell, topology

_DAYS = "3650"


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What a certificate says. `names` are subject alternative names in openssl's spelling (DNS:…, IP:…)."""

    name: str
    common_name: str
    organization: str = ""
    names: tuple[str, ...] = ()
    authority: str = "ca"


_API_NAMES = (
    "DNS:localhost",
    "DNS:kubernetes",
    "DNS:kubernetes.default",
    "DNS:kubernetes.default.svc",
    f"DNS:kubernetes.default.svc.{topology.DOMAIN}",
    f"IP:{topology.LOOPBACK}",
    f"IP:{topology.NODE_ADDRESS}",
    f"IP:{topology.API_SERVICE_ADDRESS}",
)
_NODE_NAMES = (f"DNS:{topology.NODE}", f"IP:{topology.NODE_ADDRESS}")

CERTIFICATES = (
    Certificate("etcd", "etcd", names=(f"IP:{topology.LOOPBACK}", "DNS:localhost")),
    Certificate("apiserver", "kube-apiserver", names=_API_NAMES),
    # The node's kubelet lets this client do everything; system:masters is what RBAC knows it by.
    Certificate("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
    Certificate("front-proxy-client", "front-proxy-client", authority="front-proxy-ca"),
    Certificate("kubelet", f"system:node:{topology.NODE}", "system:nodes", _NODE_NAMES),
    Certificate("controller-manager", "system:kube-controller-manager"),
    Certificate("scheduler", "system:kube-scheduler"),
    Certificate("kube-proxy", "system:kube-proxy", "system:node-proxier"),
    Certificate("admin", "kubernetes-admin", "system:masters"),
)


def ensure(folder: Path) -> bool:
    """Makes whatever is missing below `folder`; True if anything was made."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    intent = json.dumps([dataclasses.asdict(certificate) for certificate in CERTIFICATES])
    stamp = folder / "made.json"
    if stamp.exists() and stamp.read_text() == intent and _is_valid(folder / "ca.crt"):
        return False
    for authority in ("ca", "front-proxy-ca"):
        _make_authority(folder, authority)
    for certificate in CERTIFICATES:
        _make(folder, certificate)
    _make_key(folder / "service-account.key")
    shell.run(
        ["openssl", "ec", "-in", f"{folder}/service-account.key", "-pubout", "-out", f"{folder}/service-account.pub"]
    )
    # Written last: an interrupted run is one that left no stamp.
    atomic.write(stamp, intent, 0o600)
    return True


def _is_valid(certificate: Path) -> bool:
    """Whether it is valid for another 30 days."""
    return shell.succeeds(["openssl", "x509", "-in", str(certificate), "-noout", "-checkend", str(30 * 86400)])


def _make_key(path: Path) -> None:
    # Through stdout, so that the file is never readable by others, not even for a moment.
    key = shell.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"])
    atomic.write(path, key, 0o600)


def _make_authority(folder: Path, name: str) -> None:
    _make_key(folder / f"{name}.key")
    subject = f"/CN={topology.NAME}-{name}"
    request = ["openssl", "req", "-x509", "-new", "-key", f"{folder}/{name}.key", "-subj", subject, "-days", _DAYS]
    extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    shell.run([*request, *extensions, "-out", f"{folder}/{name}.crt"])


def _make(folder: Path, certificate: Certificate) -> None:
    _make_key(folder / f"{certificate.name}.key")
    organization = f"/O={certificate.organization}" if certificate.organization else ""
    subject = f"{organization}/CN={certificate.common_name}"
    extensions = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth,clientAuth"]
    if certificate.names:
        extensions.append("subjectAltName=" + ",".join(certificate.names))
    key, target = folder / f"{certificate.name}.key", folder / f"{certificate.name}.crt"
    request = shell.run(["openssl", "req", "-new", "-key", str(key), "-subj", subject])
    atomic.write(folder / "extensions.cnf", "\n".join(extensions) + "\n")
    authority = ["-CA", f"{folder}/{certificate.authority}.crt", "-CAkey", f"{folder}/{certificate.authority}.key"]
    signed = ["openssl", "x509", "-req", *authority, "-CAcreateserial", "-days", _DAYS]
    shell.run([*signed, "-extfile", f"{folder}/extensions.cnf", "-out", str(target)], stdin=request)
