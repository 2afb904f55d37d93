"""Alertmanager, API v2: an alert a task that doesn't pass, resolved when it passes again.

An alert ends by itself a while after it was last sent, so that nobody has to resolve those of an Inspect that is gone;
as long as it fires it is sent again (see REFRESH_SECONDS).
"""

import base64
import datetime
import urllib.parse

from inspect_operator.publish import row as rows
from inspect_operator.publish.notices import due, message, secrets, texts, webhook

ALERT = "InspectTaskFailed"
LASTS_SECONDS = 3600
REFRESH_SECONDS = 1200
#: An alert is resolved once its end has passed by Alertmanager's clock; else the end that was announced would stand.
CLOCKS_DIFFER_SECONDS = 30
_PATH = "/api/v2/alerts"


def parcels(said: message.Message, secret: secrets.Secret, now: datetime.datetime) -> tuple[message.Parcel, ...]:
    """One request with all alerts."""
    alerts = [alert for change in said.changes for alert in _alerts(said, change, now)]
    parts = urllib.parse.urlsplit(secret.url())
    path = parts.path.rstrip("/")
    url = parts._replace(path=path if path.endswith(_PATH) else path + _PATH).geturl()
    headers = [webhook.JSON]
    if token := secret.text("token", ""):
        headers.append(("Authorization", f"Bearer {token}"))
    elif user := secret.text("username", ""):
        login = base64.b64encode(f"{user}:{secret.text('password')}".encode()).decode()
        headers.append(("Authorization", f"Basic {login}"))
    request = message.HttpRequest(url, webhook.as_json(alerts), tuple(headers), authority=secret.pem("ca.crt"))
    return (message.Parcel(request, said.changes),)


def _alerts(said: message.Message, change: due.Change, now: datetime.datetime) -> list[dict[str, object]]:
    """What fires now, and what was said to fire before under another severity, which is part of an alert's identity."""
    firing = change.kind is due.Kind.FAILING
    made = []
    if firing:
        ends = now + datetime.timedelta(seconds=LASTS_SECONDS)
        made.append(_alert(said, change, change.severity.value, ends))
    before = change.before.severity
    if change.before.verdict != due.PASSED and before and not (firing and before == change.severity.value):
        made.append(_alert(said, change, before, now - datetime.timedelta(seconds=CLOCKS_DIFFER_SECONDS)))
    return made


def _alert(said: message.Message, change: due.Change, severity: str, ends: datetime.datetime) -> dict[str, object]:
    row = change.row
    section = next((one for one, of in zip(said.sections, said.changes, strict=False) if of is change), None)
    text = said.custom or texts.cut("\n".join(section.lines) if section else str(row.get("res", "")), 4096)
    made: dict[str, object] = {
        "labels": {
            "alertname": ALERT,
            "namespace": said.namespace,
            "inspect": said.inspect,
            "task": change.task,
            "severity": severity,
        },
        "annotations": {
            "summary": texts.line(f"{said.namespace}/{said.inspect} {change.task}: {row.get('res', '')}"),
            "description": text,
            "verdict": str(row.get("verdict", "")),
            "reason": str(row.get("reason", "")),
        },
        "endsAt": rows.timestamp(ends),
    }
    if change.kind is due.Kind.FAILING and row.get("finished"):
        made["startsAt"] = row["finished"]
    return made
