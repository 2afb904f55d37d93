"""Names of what we create: valid, stable, distinct.

A release is `<inspect>--<task>`. Where that is longer than a CronJob's name may be, or where a part had to be changed
to be valid (a part that contains `--` counts as changed, else two objects could meet in one name), it becomes its
first 39 characters, a dash and 12 hex digits of the SHA-256 of both parts as written.
"""

import hashlib
import re

#: Jobs of a CronJob get 11 characters more, and a Job's name must fit into a label (63): Kubernetes allows 52.
MAX_RELEASE = 52
MAX_LABEL = 63
_HEX = 12


def release_name(inspect: str, task: str) -> str:
    """The Helm release of a task: RFC 1123 label of at most 52 characters."""
    parts = [_sanitised(inspect), _sanitised(task)]
    plain = "--".join(parts)
    unchanged = parts == [inspect, task] and "--" not in inspect and "--" not in task
    if unchanged and len(plain) <= MAX_RELEASE:
        return plain
    return _shortened(plain, f"{inspect}\0{task}")


def member_name(release: str, target: str) -> str:
    """The CronJob of one node, or of the only pod where `target` is empty: at most 52 characters."""
    return _shortened(f"{release}-{_sanitised(target)}", f"{release}\0{target}") if target else release


def run_name(member: str, run_key: str) -> str:
    """The Job of one run, and its ConfigMap: at most 63 characters, as pods carry it in a label."""
    return f"{member}-{run_key}"


def secret_name(release: str) -> str:
    """The Secret with the passwords that stand in the Inspect itself."""
    return f"{release}-ssh"


def report_name(release: str) -> str:
    """The ConfigMap with the full report of a task's last run: no name of a release, or of what it holds, has a dot."""
    return f"{release}.report"


def label_value(text: str) -> str:
    """Any text as a label value: itself where it is one, else shortened with a hash."""
    if len(text) <= MAX_LABEL and re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", text):
        return text
    return _shortened(_sanitised(text), text)


def _sanitised(part: str) -> str:
    return re.sub(r"[^a-z0-9]", "-", part.lower()).strip("-")


def _shortened(plain: str, written: str) -> str:
    digest = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX]
    head = plain.strip("-")[: MAX_RELEASE - _HEX - 1].strip("-")
    return f"{head}-{digest}" if head else f"t-{digest}"
