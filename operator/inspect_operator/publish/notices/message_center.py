"""The message center of the original project: POST {"title","content"}, with the original's titles for its spelling.

Its content was `res: <what was printed>, err: <what went wrong>`.
"""

import datetime

from inspect_operator.api import task as tasks
from inspect_operator.publish.notices import due, message, secrets, texts, webhook

MAX_CONTENT_BYTES = 16 * 1024


def title(task: tasks.Task) -> str:
    """As the original had it: by what runs, and where."""
    if task.image:
        return task.name
    if task.check:
        return f"bash script name: {task.check}"
    return "execute remote node bash script" if task.hosts else "execute bash script"


def parcels(
    said: message.Message, secret: secrets.Secret, now: datetime.datetime, titles: dict[str, str]
) -> tuple[message.Parcel, ...]:
    """A request a task in the original spelling (those have `titles`, by name), and one for all others together.

    `secret.name` is empty where the address is the operator's own.
    """
    made = [
        message.Parcel(_request(secret, titles[change.task], _content(change)), (change,))
        for change in said.changes
        if change.task in titles and not said.custom
    ]
    others = tuple(change for change in said.changes if change.task not in titles or said.custom)
    if others:
        sections = tuple(
            section for change, section in zip(said.changes, said.sections, strict=False) if change in others
        )
        content = said.custom or texts.plain(sections)
        made.append(message.Parcel(_request(secret, said.title, content), others))
    return tuple(made)


def _request(secret: secrets.Secret, title: str, content: str) -> message.HttpRequest:
    body = webhook.as_json({"title": title, "content": texts.cut(content, MAX_CONTENT_BYTES)})
    return message.HttpRequest(
        secret.url(), body, (webhook.JSON,), authority=secret.pem("ca.crt"), trusted=not secret.name
    )


def _content(change: due.Change) -> str:
    row = change.row
    wrong = "" if row.get("verdict") == due.PASSED else row.get("res", "")
    return f"res: {row.get('outputTail') or row.get('res', '')}, err: {wrong}"
