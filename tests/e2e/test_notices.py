"""Notices on a real cluster: to a pod that shows what it got, to a mail server, across restarts, showing no secret."""

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd import controller

from tests.e2e.harness import kube, process, receiver

KEY = "CANARY-key"


class _Mail:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.got.append(envelope.content)
        return "250 OK"


@pytest.fixture
def mail() -> Iterator[tuple[_Mail, str, int]]:
    """A mail server on the node: what it got, its address and port."""
    nodes = json.loads(kube.run("get", "nodes", "-o", "json"))["items"]
    addresses = [one for node in nodes for one in node["status"].get("addresses", ())]
    address = next(one["address"] for one in addresses if one["type"] == "InternalIP")
    with socket.socket() as found:
        found.bind((address, 0))
        port = found.getsockname()[1]
    handler = _Mail()
    running = controller.Controller(handler, hostname=address, port=port)
    running.start()
    yield handler, address, port
    running.stop()


def _secret(namespace: str, name: str, **data: str) -> None:
    metadata = {"name": name}
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}, namespace)


def _channel(name: str, kind: str, **more: Any) -> kube.Object:
    return {"name": name, "type": kind, "secretRef": {"name": name}, **more}


def _outcomes(namespace: str, name: str) -> dict[str, str]:
    found = kube.get("inspect", namespace, name) or {}
    return {one["name"]: one.get("outcome", "") for one in found.get("status", {}).get("notifications", ())}


def _told(namespace: str, name: str, **channels: str) -> None:
    """Waits until each of these channels says so."""

    def holds() -> bool:
        seen = _outcomes(namespace, name)
        return all(seen.get(channel, "").startswith(words) for channel, words in channels.items())

    try:
        kube.until(f"outcomes {channels}", holds, 90)
    except AssertionError as error:
        raise AssertionError(f"{error}; {_outcomes(namespace, name)}") from None


@pytest.mark.timeout(400)
def test_changes_are_told_to_every_channel_and_secrets_to_none(
    operator: process.Operator, namespace: str, runner_image: str, mail: tuple[_Mail, str, int]
) -> None:
    there, (mails, mail_address, mail_port) = receiver.start(namespace, runner_image), mail
    _secret(namespace, "hook", url=there.url("/hook/CANARY-url"), secret=KEY)
    _secret(namespace, "chat", url=there.url("/slack/CANARY-url"))
    _secret(namespace, "alerts", url=there.url("/CANARY-alerts"), username="u", password="CANARY-password")
    _secret(namespace, "moved", url=there.url("/moved/CANARY-url"))
    _secret(namespace, "down", url=there.url("/CANARY-url", port=9))
    _secret(namespace, "inside", url="http://169.254.169.254/CANARY-url")
    to = {"from": "inspect@example.com", "to": "CANARY-to@example.com"}
    _secret(namespace, "mail", host=mail_address, port=str(mail_port), tls="none", **to)
    operator.settings |= {
        "NOTIFY_ALLOW": f"{there.address},{mail_address}",
        "MESSAGE_CENTER_URL": there.url("/v1/send"),
        "LOG_LEVEL": "DEBUG",
    }
    operator.start()
    body = kube.inspect(
        "told",
        {"name": "disk", "script": "echo 'disk error 98%'"},
        notifications=[
            _channel("hook", "webhook"), _channel("chat", "slack"), _channel("alerts", "alertmanager"),
            _channel("mail", "email", language="zh"), _channel("moved", "webhook"), _channel("down", "webhook"),
            _channel("inside", "webhook"), _channel("gone", "feishu"),
        ],
    )  # fmt: skip
    kube.apply(body, namespace)
    _told(
        namespace, "told", hook="sent", chat="sent", alerts="sent", mail="sent",
        moved="not sent: the endpoint answered 302; redirects are not followed",
        down="not sent: the endpoint can't be connected to",
        inside="not sent: the address is one that notices are never sent to",
        gone="not sent: there is no Secret gone",
    )  # fmt: skip
    (hook,) = there.got("/hook/CANARY-url")
    assert [(one["task"], one["kind"], one["verdict"]) for one in hook.json["changes"]] == [("disk", "failing", "fail")]
    signed = hook.headers["X-Inspect-Timestamp"].encode() + b"." + hook.body
    assert hook.headers["X-Inspect-Signature"] == f"sha256={hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()}"
    (chat,) = there.got("/slack")
    assert chat.json["text"] == f"✘ {namespace}/told: disk failed"
    (alert,) = there.got("/CANARY-alerts/api/v2/alerts")[0].json
    assert alert["labels"]["task"] == "disk"
    (subject,) = [line for line in mails.got[0].decode().splitlines() if line.startswith("Subject")]
    assert subject.startswith("Subject: =?utf-8?")
    events = kube.run("events", "-n", namespace, "--for", "inspect/told")
    assert events.count("NotifyFailed") == 4

    # It passes again, which is told within the pause between two messages; then fails, and the operator is killed.
    kube.apply({**body, "spec": body["spec"] | {"tasks": [{"name": "disk", "script": "echo 'disk ok 9%'"}]}}, namespace)
    kube.until("recovered", lambda: len(there.got("/hook")) == 2, 90)
    assert there.got("/hook")[1].json["changes"][0]["kind"] == "recovered"
    kube.until("resolved", lambda: len(there.got("/CANARY-alerts")) == 2, 90)
    (resolved,) = there.got("/CANARY-alerts")[1].json
    assert resolved["labels"] == alert["labels"]
    assert resolved["endsAt"] < alert["endsAt"]
    kube.apply(
        {**body, "spec": body["spec"] | {"tasks": [{"name": "disk", "script": "echo 'disk error 7'"}]}}, namespace
    )
    kube.until(
        "failed", lambda: kube.row(kube.get("inspect", namespace, "told") or {}, "disk").get("verdict") == "fail"
    )
    operator.kill()
    assert len(there.got("/hook")) == 2, "not told before the operator was killed"
    operator.start()
    kube.until("told after all", lambda: len(there.got("/hook")) == 3, 60)
    assert there.got("/hook")[2].json["changes"][0]["kind"] == "failing"
    _told(namespace, "told", hook="sent", chat="sent", mail="sent")

    seen = kube.run("get", "inspects,events,configmaps,jobs,pods", "-n", namespace, "-o", "json")
    pods = [one["metadata"]["name"] for one in kube.items("pods", namespace)]
    logs = "".join(kube.run("logs", name, "-n", namespace) for name in pods if name != "receiver")
    for text in (seen, logs, operator.log(), json.dumps(kube.history(namespace, "told--disk"))):
        assert text
        assert "CANARY" not in text


def test_a_bare_original_tells_the_message_center_as_it_always_did(
    operator: process.Operator, namespace: str, runner_image: str
) -> None:
    there = receiver.start(namespace, runner_image)
    operator.start(settings={"MESSAGE_CENTER_URL": there.url("/v1/send")})
    tasks: list[kube.Object] = [
        {"task_name": "inline", "type": "script", "script": "echo hello"},
        {"task_name": "source", "type": "script", "source": "memory.sh"},
        {"task_name": "picture", "type": "image", "source": runner_image},
        {
            "task_name": "far", "type": "script", "script": "true", "script_location": "remote",
            "remote_ips": [{"user": "root", "password": "CANARY", "ip": "127.0.0.1"}],
        },
    ]  # fmt: skip
    kube.apply(kube.inspect("bare", *({"task": task} for task in tasks)), namespace)
    titles = {"execute bash script", "bash script name: memory.sh", "picture", "execute remote node bash script"}
    kube.until("all told", lambda: {one.json["title"] for one in there.got("/v1/send")} == titles, 120)
    got = {one.json["title"]: one.json for one in there.got("/v1/send")}
    assert got["execute bash script"] == {"title": "execute bash script", "content": "res: hello, err: "}
    assert "err: error: " in got["execute remote node bash script"]["content"]
    assert "CANARY" not in json.dumps(got)
    _told(namespace, "bare", **{"message-center": "sent"})


def test_notifications_that_make_no_sense_are_refused_by_the_api_server(namespace: str) -> None:
    chat = _channel("chat", "slack")
    refused = {
        "name the Secret": [{"name": "chat", "type": "slack"}],
        "Duplicate value": [chat, chat],
        "Too many": [_channel(f"c{number}", "slack") for number in range(9)],
        "Unsupported value": [chat | {"type": "pigeon"}],
        'unknown field "spec.notifications[0].whenever"': [chat | {"whenever": True}],
    }
    for words, notifications in refused.items():
        with pytest.raises(kube.Failed) as raised:
            kube.apply(kube.inspect("wrong", {"name": "a", "script": "true"}, notifications=notifications), namespace)
        assert words in str(raised.value)
    full = [_channel(f"c{number}", "slack", tasks=["a"], template="x" * 4096) for number in range(8)]
    own = {"name": "own", "type": "messageCenter"}
    kube.apply(kube.inspect("full", {"name": "a", "script": "true"}, notifications=[*full[:7], own]), namespace)
