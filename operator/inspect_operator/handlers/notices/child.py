"""Runs one of our modules in a process of its own: what may hang, eat memory or block can be killed there, and doesn't
take a thread from the inspections. It is given JSON on standard input and answers JSON; nothing else leaves it.
"""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import sys
from typing import Any

from inspect_operator import errors

_ROOT = pathlib.Path(__file__).resolve().parents[3]
#: No proxy and no credential of the operator is handed on; where a system keeps its CAs is.
_KEPT = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "HOME", "TMPDIR")


async def run(module: str, request: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Its answer.

    :raises errors.NotifyFailed: it took too long, or ended without one
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**environment, "PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8"}, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            answer, _ = await process.communicate(json.dumps(request).encode())
    except TimeoutError:
        raise errors.NotifyFailed(f"it took longer than {seconds:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
    try:
        made = json.loads(answer)
    except ValueError:
        made = None
    if not isinstance(made, dict):
        raise errors.NotifyFailed("it ended without an answer")
    return made
