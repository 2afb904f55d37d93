"""One script on one connected host: sent, run, read, and ended when its time is over."""

import secrets
import select
import time
from collections.abc import Callable
from dataclasses import dataclass

import paramiko  # type: ignore[import-untyped]

from inspect_operator.runner import failure, lines, remote_program, verdict

_PIECE = 32 * 1024
_GLANCE_SECONDS = 0.2
"""How long a silent host is waited for before the clock and the stop are looked at again."""

_PREAMBLE_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Script:
    """What is run, the same on every host."""

    content: bytes
    interpreter: remote_program.Interpreter
    arguments: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    grace_seconds: float
    timeout_seconds: float | None


@dataclass(frozen=True, slots=True)
class Ending:
    exit_code: int | None  # None: it never told, because we stopped waiting
    timed_out: bool = False
    stopped: bool = False  # the whole run was stopped


class Preamble:
    """What comes on one stream before the script's own output: a login shell's greeting, then our word."""

    def __init__(self, word: str) -> None:
        self._word = word.encode()
        self._held = bytearray()
        self.begun = False
        self.failed = ""

    def feed(self, data: bytes) -> bytes:
        """What of it belongs to the script."""
        if self.begun:
            return data
        self._held += data
        before, mark, after = bytes(self._held).partition(self._word + b" begin\n")
        if mark:
            self._held[:] = before
            self.begun = True
            return after
        _, mark, after = bytes(self._held).partition(self._word + b" failed ")
        if mark and b"\n" in after:
            self.failed = after.split(b"\n", 1)[0].decode("ascii", "replace")
        del self._held[:-_PREAMBLE_BYTES]
        return b""

    def last_words(self) -> str:
        """The end of what was said before our word, for people; empty where nothing was."""
        said = [lines.clean(line).strip() for line in bytes(self._held).splitlines()]
        return " / ".join(line for line in said if line)[-200:]


class Run:
    """Raises failure.Failed from `until_the_end` where the script was not run, or its end is not known."""

    def __init__(
        self,
        transport: paramiko.Transport,
        script: Script,
        on_output: Callable[[int, bytes], None],
        stopped: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._script = script
        self._on_output = on_output
        self._stopped = stopped
        word = f"inspect-{secrets.token_hex(12)}"
        self._preambles = {1: Preamble(word), 2: Preamble(word)}
        timeout = script.timeout_seconds
        program = remote_program.compose(
            word=word,
            script_bytes=len(script.content),
            interpreter=script.interpreter,
            arguments=script.arguments,
            env=script.env,
            grace_seconds=script.grace_seconds,
            # Longer than ours, so that only a lost connection makes the host act by itself. Without a limit: a day.
            lifetime_seconds=86400 if timeout is None else timeout + 3 * script.grace_seconds + 10,
        )
        self._command = remote_program.launch(program)
        self._unsent = memoryview(program + script.content)
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def until_the_end(self) -> Ending:
        if self._stopped():
            return Ending(None, stopped=True)
        channel = self._open()
        try:
            return self._watch(channel)
        finally:
            channel.close()

    def _open(self) -> paramiko.Channel:
        left = 30.0 if self._deadline is None else max(0.1, min(30.0, self._deadline - time.monotonic()))
        try:
            channel = self._transport.open_channel("session", timeout=left)
            channel.settimeout(left)
            channel.exec_command(self._command)
        except (paramiko.SSHException, OSError, EOFError):
            if not self._transport.is_active():
                raise _lost() from None
            message = "logged in, but the server runs no command for this account (is it limited to SFTP?)"
            raise failure.Failed(verdict.Reason.NO_SHELL, message) from None
        return channel

    def _watch(self, channel: paramiko.Channel) -> Ending:
        poll = select.poll()
        poll.register(channel.fileno(), select.POLLIN)
        timed_out = stopped = False
        give_up_at: float | None = None
        quiet_since: float | None = None
        while True:
            moved = self._send(channel) | self._receive(channel)
            now = time.monotonic()
            if give_up_at is None:
                stopped = self._stopped()
                timed_out = not stopped and self._deadline is not None and now >= self._deadline
                if stopped or timed_out:
                    give_up_at = now + self._let_go(channel)
            elif now >= give_up_at:
                return Ending(None, timed_out, stopped)
            if moved:
                continue
            if channel.exit_status_ready():
                quiet_since = quiet_since or now
                if channel.eof_received or channel.closed or now > quiet_since + remote_program.LINGER_SECONDS:
                    if self._receive(channel):
                        continue
                    return self._ended(channel, timed_out, stopped)
            self._wait(channel, poll)

    def _wait(self, channel: paramiko.Channel, poll: "select.poll") -> None:
        if channel.eof_received and not channel.exit_status_ready():
            channel.status_event.wait(_GLANCE_SECONDS)  # its descriptor stays readable after the end of output
        elif channel.exit_status_ready() or self._unsent:
            time.sleep(0.02)
        else:
            poll.poll(_GLANCE_SECONDS * 1000)

    def _let_go(self, channel: paramiko.Channel) -> float:
        """Ends the input, which makes the host stop the script; how many seconds that may take."""
        self._unsent = self._unsent[:0]
        try:
            channel.shutdown_write()
        except (OSError, EOFError, paramiko.SSHException):
            return 0.0
        return self._script.grace_seconds + remote_program.LINGER_SECONDS + 2.0

    def _send(self, channel: paramiko.Channel) -> bool:
        if not self._unsent or not channel.send_ready():
            return False
        try:
            self._unsent = self._unsent[channel.send(bytes(self._unsent[:_PIECE])) :]
        except (OSError, EOFError, paramiko.SSHException):
            self._unsent = self._unsent[:0]  # the channel is closing: its end will tell why
        return True

    def _receive(self, channel: paramiko.Channel) -> bool:
        """One piece of each stream, no more: an endless one must not keep us from the clock."""
        moved = False
        for stream, ready, receive in (
            (1, channel.recv_ready, channel.recv),
            (2, channel.recv_stderr_ready, channel.recv_stderr),
        ):
            if ready():
                moved = True
                output = self._preambles[stream].feed(receive(_PIECE))
                if output:
                    self._on_output(stream, output)
        return moved

    def _ended(self, channel: paramiko.Channel, timed_out: bool, stopped: bool) -> Ending:
        code = channel.exit_status
        begun = self._preambles[2].begun
        if code == -1 and not timed_out and not stopped:
            if self._transport.is_active() and begun:
                message = "the host ended the session without an exit code: was its shell killed?"
                raise failure.Failed(verdict.Reason.CONNECTION_LOST, message)
            if not self._transport.is_active():
                raise _lost()
        if not begun and not timed_out and not stopped:
            raise self._not_run(code)
        return Ending(None if code == -1 or not begun else code, timed_out, stopped)

    def _not_run(self, code: int) -> failure.Failed:
        why = self._preambles[2].failed
        interpreter = self._script.interpreter
        if why == "program":
            line = f" (the script's first line is {interpreter.line})" if interpreter.line else ""
            message = f"the host has no {' and no '.join(interpreter.programs)}{line}"
            return failure.Failed(verdict.Reason.COMMAND_NOT_FOUND, message)
        if why == "folder":
            message = "no temporary folder could be made on the host: is its /tmp full or read-only, is there mktemp?"
            return failure.Failed(verdict.Reason.COPY_FAILED, message)
        if why == "copy":
            message = "the script could not be copied to the host: is its /tmp full?"
            return failure.Failed(verdict.Reason.COPY_FAILED, message)
        said = self._preambles[2].last_words() or self._preambles[1].last_words()
        message = (
            f"logged in, but our command was not run (exit code {code}): "
            "is the account limited to SFTP, to one command, or has it no shell?"
        )
        return failure.Failed(verdict.Reason.NO_SHELL, message + (f" It said: {said}" if said else ""))


def _lost() -> failure.Failed:
    return failure.Failed(verdict.Reason.CONNECTION_LOST, "the connection broke before the script had ended")
