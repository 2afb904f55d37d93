"""Passwords and private keys, read from mounted files and from nowhere else.

What a file holds never becomes part of a message: errors are told in words of ours, since libraries may quote.
"""

import io
from pathlib import Path

import paramiko  # type: ignore[import-untyped]
from cryptography import exceptions
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from inspect_operator.runner import failure, verdict

_MAX_BYTES = 64 * 1024


def password(path: Path) -> bytes:
    """The password (or passphrase) in a file, without its last line end. Raises failure.Failed."""
    content = _read(path)
    content = content.removesuffix(b"\n").removesuffix(b"\r")
    if not content:
        raise failure.Failed(verdict.Reason.SECRET_MISSING, f"{in_words(path)} is empty")
    return content


def key(path: Path, passphrase_file: Path | None) -> paramiko.PKey:
    """An RSA, ECDSA or Ed25519 key in OpenSSH's or a PEM format. Raises failure.Failed."""
    content = _read(path).replace(b"\r\n", b"\n").strip() + b"\n"
    passphrase = password(passphrase_file) if passphrase_file else None
    try:
        return _decoded(content, passphrase)
    except _Unusable as reason:
        why = str(reason)
    except (ValueError, TypeError, exceptions.UnsupportedAlgorithm, paramiko.SSHException):
        why = "is no private key that can be read, or its passphrase is wrong" if passphrase else (
            "is no private key that can be read"
        )  # fmt: skip
    raise failure.Failed(verdict.Reason.KEY_UNUSABLE, f"{in_words(path)} {why}")


def in_words(path: Path) -> str:
    """`key password of Secret web` for /ssh/secrets/web/password: what people know it by."""
    kinds = {"secrets": "Secret", "configmaps": "ConfigMap"}
    folder = path.parent
    kind = kinds.get(folder.parent.name)
    return f"key {path.name} of {kind} {folder.name} ({path})" if kind else str(path)


class _Unusable(Exception):
    pass


def _decoded(content: bytes, passphrase: bytes | None) -> paramiko.PKey:
    # cryptography reads every format there is; paramiko gets the key in the one that it reads for all types.
    openssh = b"BEGIN OPENSSH PRIVATE KEY" in content
    load = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    try:
        loaded = load(content, passphrase)
    except TypeError:
        if passphrase is None:
            raise _Unusable("is encrypted: it needs its passphrase") from None
        loaded = load(content, None)  # it is not encrypted after all
    kinds = ((rsa.RSAPrivateKey, paramiko.RSAKey), (ec.EllipticCurvePrivateKey, paramiko.ECDSAKey))
    kinds += ((ed25519.Ed25519PrivateKey, paramiko.Ed25519Key),)  # type: ignore[assignment]
    for kind, reader in kinds:
        if isinstance(loaded, kind):
            text = loaded.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
            )
            return reader.from_private_key(io.StringIO(text.decode()))
    raise _Unusable("is a key of a type that is not supported: use RSA, ECDSA or Ed25519")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as problem:
        message = f"{in_words(path)} cannot be read: {problem.strerror}"
        if isinstance(problem, FileNotFoundError):
            message = f"there is no {in_words(path)}: make the Secret, or correct its name or key"
        raise failure.Failed(verdict.Reason.SECRET_MISSING, message) from None
    if len(content) > _MAX_BYTES:
        raise failure.Failed(verdict.Reason.KEY_UNUSABLE, f"{in_words(path)} is larger than a key or password can be")
    return content
