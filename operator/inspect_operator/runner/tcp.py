"""A TCP connection within a time limit, and in words why there is none."""

import queue
import socket
import threading
import time
from typing import Any

from inspect_operator.runner import failure, verdict

Stream = Any  # a socket, or paramiko's channel, which behaves like one

_UNANSWERED_MILLISECONDS = 30_000
"""After this long without an answer a connection counts as broken; the kernel alone would wait for a quarter hour."""

_Address = tuple[Any, ...]


def connect(address: str, port: int, timeout_seconds: float) -> socket.socket:
    """Tries the addresses of a name one after the other. Raises failure.Failed."""
    deadline = time.monotonic() + timeout_seconds
    problem: OSError | None = None
    for family, where in _resolve(address, port, timeout_seconds):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        candidate = socket.socket(family, socket.SOCK_STREAM)
        candidate.settimeout(left)
        try:
            candidate.connect(where)
        except OSError as failed:
            candidate.close()
            problem = failed
            continue
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MILLISECONDS)
        return candidate
    if problem is None or isinstance(problem, TimeoutError):
        message = (
            f"{address} port {port} did not answer within {timeout_seconds:.3g} s: is it up, does a firewall drop us?"
        )
        raise failure.Failed(verdict.Reason.CONNECT_TIMEOUT, message)
    if isinstance(problem, ConnectionRefusedError):
        message = f"{address} port {port} refused the connection: does an SSH server listen there?"
        raise failure.Failed(verdict.Reason.HOST_UNREACHABLE, message)
    words = problem.strerror or type(problem).__name__
    raise failure.Failed(verdict.Reason.HOST_UNREACHABLE, f"{address} port {port} cannot be reached: {words}")


def _resolve(address: str, port: int, timeout_seconds: float) -> list[tuple[int, _Address]]:
    # In a thread of its own: getaddrinfo knows no timeout and may take half a minute.
    answers: queue.SimpleQueue[list[tuple[int, _Address]] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
            answers.put([(family, where) for family, _, _, _, where in found])
        except (OSError, UnicodeError) as problem:
            answers.put(problem)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_seconds)
    except queue.Empty:
        message = f"the name {address} was not resolved within {timeout_seconds:.3g} s"
        raise failure.Failed(verdict.Reason.CONNECT_TIMEOUT, message) from None
    if isinstance(answer, socket.gaierror):
        message = f"the name {address} is not resolved: {answer.strerror}"
        raise failure.Failed(verdict.Reason.HOST_UNREACHABLE, message)
    if isinstance(answer, Exception):
        raise failure.Failed(verdict.Reason.HOST_UNREACHABLE, f"{address} is no address and no name of a host")
    return answer
