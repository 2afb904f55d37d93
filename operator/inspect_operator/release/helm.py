"""pyhelm3's interface, with helm run as a child of ours: no shell, ends when we end, at most N calls at once."""

import asyncio
import contextlib
import json
import logging
import pathlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pyhelm3
import pyhelm3.errors
import pyhelm3.models

from inspect_operator import errors, yaml_json
from inspect_operator.release import child, warm

logger = logging.getLogger(__name__)

HISTORY_MAX = 3
QPS = 100
#: helm gets this long to end by itself after SIGTERM: it then stores the revision as failed, which is no lock.
TERMINATE_SECONDS = 10.0

#: What helm and the API server say when the same content will be refused again.
_REJECTED = re.compile(
    r"is invalid|error decoding yaml|field is immutable|unknown field|strict decoding error|unable to parse"
    r"|yaml parse error|exists and cannot be imported|failed to create typed patch object|duplicate entries for key",
    re.IGNORECASE,
)


class ExecCommand(pyhelm3.Command):  # type: ignore[misc]
    """Runs helm without a shell, or in the warm one where it is given and understands; `labels` of the release, which
    pyhelm3 has no word for, are appended here."""

    def __init__(
        self,
        *,
        executable: str,
        labels: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
        helm: "Helm | None" = None,
    ) -> None:
        super().__init__(
            executable=executable,
            history_max_revisions=HISTORY_MAX,
        )
        self._labels = dict(labels or {})
        self._values = dict(values or {})
        self._helm = helm
        #: What is stored of the release now, where it is known without asking: see warm.Answer.
        self.revisions: list[dict[str, Any]] | None = None

    async def run(self, command: list[object], input: bytes | None = None) -> bytes:  # noqa: A002
        """Runs one helm command.

        :raises pyhelm3.errors.Error: it failed; carries exit code, stdout and stderr
        """
        argv = [str(part) for part in command]
        if command[0] == "upgrade":
            input = yaml_json.dumps(self._values).encode()  # noqa: A001  # Helm reads it as YAML; pyhelm3's has surrogates
            argv += ["--disable-openapi-validation"]
            if self._labels:
                argv += ["--labels", ",".join(f"{name}={value}" for name, value in sorted(self._labels.items()))]
        elif command[0] == "uninstall":
            argv += ["--ignore-not-found"]
        if command[0] in ("upgrade", "uninstall"):
            # helm's own 5 requests a second would take minutes for a release with an object for each of many nodes.
            argv += ["--qps", str(QPS), "--burst-limit", str(2 * QPS)]
        # An upgrade prints the whole release, for pyhelm3 to parse; what was stored is read afterwards anyway.
        quiet = command[0] == "upgrade" and "--dry-run=server" not in command
        answer = None
        if self._helm is not None and self._helm.engine is not None:
            answer = await self._helm.engine.run(argv, input, quiet=quiet, patience=self._patience)
        if answer is None:
            answer = await self._exec(argv, input)
        if answer.code != 0:
            stderr = answer.stderr.decode("utf-8", "replace").encode()  # pyhelm3's errors take it for UTF-8
            words = stderr.lower()
            kind = pyhelm3.errors.ReleaseNotFoundError if b"release: not found" in words else pyhelm3.errors.Error
            raise kind(answer.code, answer.stdout, stderr)
        self.revisions = answer.revisions
        return b"{}" if quiet else answer.stdout

    def _patience(self) -> float:
        """Seconds that a call may take to end when it is asked to; none once the Lease is lost."""
        return self._helm.terminate_seconds if self._helm else TERMINATE_SECONDS

    async def _exec(self, argv: list[str], stdin: bytes | None) -> warm.Answer:
        process = await asyncio.create_subprocess_exec(
            self._executable,
            *argv,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            preexec_fn=child.die_with_parent,
            env=child.environment(),
        )
        try:
            stdout, stderr = await process.communicate(stdin)
        except asyncio.CancelledError:
            await _end(process, self._patience())
            raise
        return warm.Answer(process.returncode or 0, stdout, stderr)


async def _end(process: asyncio.subprocess.Process, terminate_seconds: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        if terminate_seconds <= 0:  # told to end, helm would still note in the release that it was interrupted
            process.kill()
            await process.wait()
            return
        process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(process.wait()), terminate_seconds)
        except TimeoutError:
            process.kill()
            await process.wait()


class Helm:
    """The helm executable, and the warm one where `warm_executable` names it; one instance limits how many calls run
    at once. `refuse_late` is asked before each call."""

    def __init__(
        self,
        executable: str,
        concurrency: int,
        warm_executable: str = "",
        refuse_late: Callable[[], None] = lambda: None,
    ) -> None:
        self._executable = executable
        self.engine = warm.Engine(warm_executable) if warm_executable else None
        self._slots = asyncio.Semaphore(concurrency)
        self._refuse_late = refuse_late
        self.terminate_seconds = TERMINATE_SECONDS

    async def close(self) -> None:
        """Ends what was kept running."""
        if self.engine is not None:
            await self.engine.close()

    async def version(self) -> str:
        """helm's version, such as v4.3.1.

        :raises errors.SettingsInvalid: there is no helm v4 to run
        """
        try:
            found: str = await ExecCommand(executable=self._executable).version()
        except (OSError, pyhelm3.errors.Error) as error:
            raise errors.SettingsInvalid(f"helm can't be run ({self._executable}): {error}; install helm v4") from None
        if not found.startswith("v4."):
            raise errors.SettingsInvalid(f"helm {found} is too old ({self._executable}); install helm v4")
        return found.strip()

    async def upgrade(
        self,
        release: str,
        namespace: str,
        chart: pathlib.Path,
        *,
        labels: Mapping[str, str],
        description: str,
        timeout_seconds: float,
        values: Mapping[str, Any] | None = None,
        skip_crds: bool = False,
    ) -> list[dict[str, Any]] | None:
        """`helm upgrade --install` of a chart on disk: one helm process at most, no waiting for Jobs. Returns the
        Secrets of the release's revisions (metadata only) where the API server's own answers told of them all.

        :raises errors.ReleaseRejected: the content was refused
        :raises errors.ReleaseUnavailable: it failed otherwise, or took longer than `timeout_seconds`
        """
        command = ExecCommand(executable=self._executable, labels=labels, values=values, helm=self)

        async def call() -> None:
            # The command, not pyhelm3's Client: that runs `helm version` and `helm show` besides.
            await command.install_or_upgrade(
                release,
                chart,
                {},
                create_namespace=False,
                description=description,
                force_conflicts=True,
                namespace=namespace,
                skip_crds=skip_crds,
                timeout=f"{round(timeout_seconds)}s",
            )

        await self._bounded(f"upgrade of {release}", call, timeout_seconds)
        return command.revisions

    async def rendered(
        self, release: str, namespace: str, chart: pathlib.Path, *, values: Mapping[str, Any], timeout_seconds: float
    ) -> dict[str, Any]:
        """What such an upgrade would store, the API server's state (`lookup`) included; nothing is written.

        :raises errors.InspectError: as upgrade()
        """
        command = ExecCommand(executable=self._executable, values=values, helm=self)
        said = b""

        async def call() -> None:
            nonlocal said
            said = await command.run(
                ["upgrade", release, chart, "--install", "--dry-run=server", "--output", "json", "--values", "-",
                 "--namespace", namespace], b"",
            )  # fmt: skip

        await self._bounded(f"rendering of {release}", call, timeout_seconds)
        return _json(said)

    async def template(
        self, chart: pathlib.Path, *, timeout_seconds: float, values: Mapping[str, Any] | None = None
    ) -> str:
        """What a chart renders by its own values and those, without a cluster.

        :raises errors.InspectError: it can't be rendered
        """
        command, said = ExecCommand(executable=self._executable, helm=self), b""

        async def call() -> None:
            nonlocal said
            given = yaml_json.dumps(dict(values or {})).encode()
            said = await command.run(["template", "release-name", chart, "--values", "-"], given)

        await self._bounded(f"rendering of {chart.name}", call, timeout_seconds)
        return said.decode("utf-8", "replace")

    async def pull(self, reference: str, folder: pathlib.Path, *, timeout_seconds: float) -> None:
        """`helm pull` of an OCI reference, as a .tgz into the folder.

        :raises errors.ReleaseUnavailable: it can't be had
        """
        command = ExecCommand(executable=self._executable, helm=self)

        async def call() -> None:
            await command.run(["pull", reference, "--destination", folder])

        await self._bounded(f"pull of {reference}", call, timeout_seconds)

    async def uninstall(self, release: str, namespace: str, *, timeout_seconds: float) -> list[dict[str, Any]] | None:
        """`helm uninstall`; a release that isn't there is a success. Returns what upgrade() does.

        :raises errors.ReleaseUnavailable: it failed
        """
        command = ExecCommand(executable=self._executable, helm=self)

        async def call() -> None:
            with contextlib.suppress(pyhelm3.errors.ReleaseNotFoundError):
                await command.uninstall(release, namespace=namespace, timeout=f"{round(timeout_seconds)}s")

        await self._bounded(f"uninstall of {release}", call, timeout_seconds)
        return command.revisions

    async def _bounded(self, what: str, call: Callable[[], Awaitable[None]], timeout_seconds: float) -> None:
        async with self._slots:
            self._refuse_late()
            try:
                async with asyncio.timeout(timeout_seconds):
                    await call()
            except TimeoutError:
                raise errors.ReleaseUnavailable(f"{what}: helm did not end within {timeout_seconds:g} s") from None
            except pyhelm3.errors.Error as error:
                raise _failure(what, error) from None
            except OSError as error:
                raise errors.ReleaseUnavailable(f"{what}: helm can't be run: {error}") from None


def _json(said: bytes) -> dict[str, Any]:
    """The release in helm's answer; lines of other words may stand before it (pulls from registries)."""
    made: dict[str, Any] = json.loads(said[said.index(b"{") :])
    return made


def _failure(what: str, error: pyhelm3.errors.Error) -> errors.InspectError:
    said = error.stderr.decode("utf-8", "replace").strip() or f"helm ended with code {error.returncode}"
    # Log lines come first, and say the same once more.
    words = re.split(r"^Error: (?:UPGRADE FAILED: |INSTALLATION FAILED: )?", said, flags=re.MULTILINE)[-1]
    if _REJECTED.search(words):
        return errors.ReleaseRejected(f"{what}: {words}")
    return errors.ReleaseUnavailable(f"{what}: {words}")
