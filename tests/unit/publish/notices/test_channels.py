"""What each channel is sent, byte by byte, and how it is signed."""

import base64
import dataclasses
import email
import email.policy
import hashlib
import hmac
import json
import subprocess
from typing import Any

import pytest
from tests.unit import builders
from tests.unit.publish.notices import conftest

from inspect_operator import errors
from inspect_operator.api import notice
from inspect_operator.publish.notices import channels, due, markdown, message, message_center, secrets, texts

URL = {"url": "https://hooks.example.com/x?key=1"}
SECONDS = str(int(builders.NOW.timestamp()))
JSON = ("Content-Type", "application/json")


def _only(parcels: Any) -> message.HttpRequest:
    (parcel,) = parcels
    assert {change.task for change in parcel.changes} == {"disk", "网络"}
    request: message.HttpRequest = parcel.request
    return request


def _body(request: message.HttpRequest) -> Any:
    return json.loads(request.body)


def _hmac(key: str, text: str) -> str:
    """By openssl, in Base64."""
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", key, "-binary"], input=text.encode(), capture_output=True, check=True
    )
    return base64.b64encode(done.stdout).decode()


def test_slack(sent: Any) -> None:
    request = _only(sent("slack", URL))
    assert (request.url, request.headers, request.error_field) == (URL["url"], (JSON,), "")
    title = "✘ default/night: 1 task does not pass, 1 passes again"
    failed = (
        "*✘ disk: failed (Findings, high), 2 times in a row*\n• 3 findings: 1 fail\n"
        "• n1 var: 98% &lt;used&gt;, clean up → rm -r *\n• home: 85% &amp; more\n• new: var on n1\n• fixed: opt\n"
        "• passed 1/10 runs, flapping\n• ended 2026-01-02T03:04:05Z"
    )
    passed = "*✔ 网络: passes again*\n• 1 finding: 1 success\n• ping: 12 ms, ok\n• ended 2026-01-02T03:04:06Z"
    expected = {
        "text": title,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title}},
            {"type": "section", "text": {"type": "mrkdwn", "text": failed}},
            {"type": "section", "text": {"type": "mrkdwn", "text": passed}},
        ],
    }
    assert request.body == json.dumps(expected, ensure_ascii=False, separators=(",", ":")).encode()


def test_webhook(sent: Any) -> None:
    said = conftest.compose("webhook")
    request = _only(sent("webhook", URL | {"secret": "k3y", "authorization": "Bearer t"}, said))
    digest = hmac.new(b"k3y", f"{SECONDS}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert dict(request.headers) == {
        "Content-Type": "application/json",
        "X-Inspect-Delivery": said.identity,
        "Authorization": "Bearer t",
        "X-Inspect-Timestamp": SECONDS,
        "X-Inspect-Signature": f"sha256={digest}",
    }
    body = _body(request)
    assert (body["version"], body["notification"], body["language"]) == (1, "ops", "en")
    assert body["inspect"] == {"namespace": "default", "name": "night"}
    assert body["text"] == texts.plain(said.sections)
    (failed, passed) = body["changes"]
    assert (failed["task"], failed["kind"], failed["severity"], failed["failures"]) == ("disk", "failing", "high", 2)
    assert [one["name"] for one in failed["findings"]] == ["var", "home", "tmp"]
    assert (failed["verdict"], failed["outputTail"], failed["missed"]) == ("fail", "var 98%\n", None)
    assert (passed["task"], passed["kind"]) == ("网络", "recovered")


def test_a_webhook_without_a_secret_is_not_signed(sent: Any) -> None:
    assert {name for name, _ in _only(sent("webhook", URL)).headers} == {"Content-Type", "X-Inspect-Delivery"}


def test_a_template_makes_the_whole_body_of_a_webhook_and_has_to_make_json(sent: Any) -> None:
    said = dataclasses.replace(conftest.compose("webhook"), custom='{"text": "磁盘"}')
    assert _only(sent("webhook", URL, said)).body == '{"text": "磁盘"}'.encode()
    with pytest.raises(errors.NotifyFailed, match="makes no JSON"):
        sent("webhook", URL, dataclasses.replace(said, custom="text: x"))


def test_feishu(sent: Any) -> None:
    request = _only(sent("feishu", URL | {"secret": "k3y"}, conftest.compose("feishu", language=notice.Language.ZH)))
    body = _body(request)
    assert request.error_field == "code"
    assert (body["timestamp"], body["sign"]) == (SECONDS, _hmac(f"{SECONDS}\nk3y", ""))
    assert list(body) == ["timestamp", "sign", "msg_type", "card"]
    assert body["card"]["header"] == {
        "title": {"tag": "plain_text", "content": "✘ default/night：1 个任务未通过，1 个已恢复"},
        "template": "red",
    }
    (element,) = body["card"]["elements"]
    assert (element["tag"], element["text"]["tag"]) == ("div", "plain_text")
    assert element["text"]["content"].startswith("✘ disk：未通过 (Findings, high)，连续 2 次\n")
    assert "sign" not in _body(_only(sent("feishu", URL)))


def test_good_news_are_green(sent: Any) -> None:
    recovered, _ = conftest.changes()
    (parcel,) = sent("feishu", URL, conftest.compose("feishu", [recovered]))
    assert _body(parcel.request)["card"]["header"]["template"] == "green"


def test_dingtalk(sent: Any) -> None:
    request = _only(sent("dingtalk", URL | {"secret": "k3y"}))
    signature = _hmac("k3y", f"{SECONDS}000\nk3y")
    quoted = signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert request.url == f"{URL['url']}&timestamp={SECONDS}000&sign={quoted}"
    assert request.error_field == "errcode"
    body = _body(request)
    assert (body["msgtype"], body["markdown"]["title"]) == ("markdown", conftest.compose().title)
    assert body["markdown"]["text"].startswith(
        "### ✘ default/night: 1 task does not pass, 1 passes again\n\n"
        "**✘ disk: failed (Findings, high), 2 times in a row**\n\n- 3 findings: 1 fail\n"
        "- n1 var: 98% ＜used＞, clean up → rm -r *\n"
    )
    assert _only(sent("dingtalk", URL)).url == URL["url"]


def test_wecom_takes_four_kibibytes_of_chinese(sent: Any) -> None:
    _, failed = conftest.changes()
    long = dataclasses.replace(failed, row=failed.row | {"message": "磁盘已满" * 50})
    some = [dataclasses.replace(long, task=f"t{number}") for number in range(20)]
    (parcel,) = sent("wecom", URL, conftest.compose("wecom", some))
    content = _body(parcel.request)["markdown"]["content"]
    assert 4090 <= len(content.encode()) <= 4096
    assert content.endswith("…")
    request = _only(sent("wecom", URL))
    assert _body(request) == {"msgtype": "markdown", "markdown": {"content": markdown.of(conftest.compose())}}
    assert request.error_field == "errcode"


@pytest.mark.parametrize("channel", ["slack", "dingtalk", "wecom", "feishu"])
def test_what_a_script_prints_mentions_nobody_and_links_nowhere(sent: Any, channel: str) -> None:
    hostile = "<!channel> <@all> [free](https://evil.example) <at id=all></at> <font color=red> @13800000000"
    _, failed = conftest.changes()
    change = dataclasses.replace(failed, row=failed.row | {"message": hostile})
    said = conftest.compose(channel, [change])
    (parcel,) = sent(channel, URL, said)
    body = _body(parcel.request)
    if channel == "feishu":
        assert body["card"]["elements"][0]["text"]["tag"] == "plain_text"
        return
    text = json.dumps(body, ensure_ascii=False)
    assert "free" in text
    assert "<" not in text
    if channel != "slack":
        assert "](" not in text
        assert "@1" not in text
    escaped = channels.template_data(notice.Channel(channel), said.data)
    assert "<" not in json.dumps(escaped)


def test_alertmanager_fires_and_resolves(sent: Any) -> None:
    request = _only(sent("alertmanager", {"url": "http://am.monitoring:9093/base/", "username": "u", "password": "p"}))
    assert request.url == "http://am.monitoring:9093/base/api/v2/alerts"
    assert dict(request.headers)["Authorization"] == f"Basic {base64.b64encode(b'u:p').decode()}"
    firing, resolved = _body(request)
    labels = {"alertname": "InspectTaskFailed", "namespace": "default", "inspect": "night"}
    assert firing["labels"] == labels | {"task": "disk", "severity": "high"}
    assert (firing["startsAt"], firing["endsAt"]) == ("2026-01-02T03:04:05Z", "2026-01-02T04:04:05Z")
    assert firing["annotations"]["summary"] == "default/night disk: fail: 3 findings: 1 fail"
    assert firing["annotations"]["description"].startswith("3 findings: 1 fail\nn1 var: 98%")
    assert resolved["labels"] == labels | {"task": "网络", "severity": "high"}
    assert resolved["endsAt"] == "2026-01-02T03:03:35Z"
    assert "startsAt" not in resolved


def test_another_severity_is_another_alert_and_the_first_is_resolved(sent: Any) -> None:
    _, failed = conftest.changes()
    before = due.Told("error", "x", 1, "critical")
    (parcel,) = sent(
        "alertmanager", URL, conftest.compose("alertmanager", [dataclasses.replace(failed, before=before)])
    )
    alerts = _body(parcel.request)
    assert [(one["labels"]["severity"], one["endsAt"]) for one in alerts] == [
        ("high", "2026-01-02T04:04:05Z"),
        ("critical", "2026-01-02T03:03:35Z"),
    ]
    (parcel,) = sent("alertmanager", URL | {"token": "t"}, conftest.compose("alertmanager", [failed]))
    assert ("Authorization", "Bearer t") in parcel.request.headers


MAIL = {"host": "mail.example.com", "from": "inspect@example.com", "to": "ops@example.com, oncall@example.com"}


def test_mail(sent: Any) -> None:
    said = conftest.compose("email", language=notice.Language.ZH)
    (parcel,) = sent("email", MAIL | {"username": "u", "password": "p"}, said)
    mail = parcel.request
    assert (mail.host, mail.port, mail.tls, mail.user, mail.password) == ("mail.example.com", 587, "starttls", "u", "p")
    assert (mail.sender, mail.recipients) == ("inspect@example.com", ("ops@example.com", "oncall@example.com"))
    read = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert read["Subject"] == said.title
    assert read["To"] == "ops@example.com, oncall@example.com"
    assert read["Date"] == "Fri, 02 Jan 2026 03:04:05 +0000"
    assert read["Message-ID"] == f"<{said.identity}.inspect@example.com>"
    assert read["Auto-Submitted"] == "auto-generated"
    text = read.get_content()
    assert text.splitlines() == texts.plain(said.sections).splitlines()
    mail.content.decode("ascii")
    assert max(map(len, mail.content.split(b"\r\n"))) < 998
    assert sent("email", MAIL, said)[0].request.content == mail.content, "nothing in it is random"


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_of_mail_follows_its_tls(sent: Any, tls: str, port: int) -> None:
    assert sent("email", MAIL | {"tls": tls})[0].request.port == port
    assert sent("email", MAIL | {"tls": tls, "port": "2525"})[0].request.port == 2525


TITLES = {
    "execute bash script": builders.original(script="true"),
    "execute remote node bash script": builders.original(
        script="true", script_location="remote", remote_ips=[{"user": "root", "ip": "10.0.0.1", "password": "p"}]
    ),
    "bash script name: cpu.sh": {"task": {"task_name": "disk", "type": "script", "source": "cpu.sh"}},
    "disk": builders.original(type="image", source="try:latest"),
}


@pytest.mark.parametrize("title", TITLES)
def test_the_message_center_hears_the_titles_of_the_original(sent: Any, title: str) -> None:
    assert message_center.title(builders.task(TITLES[title])) == title
    _, failed = conftest.changes()
    (parcel,) = sent("messageCenter", URL, conftest.compose("messageCenter", [failed]), {"disk": title})
    content = "res: var 98%\\n, err: fail: 3 findings: 1 fail"
    assert parcel.request.body == f'{{"title":"{title}","content":"{content}"}}'.encode()
    assert parcel.request.headers == (JSON,)


def test_the_message_center_hears_of_each_original_task_by_itself_and_of_others_together(sent: Any) -> None:
    recovered, failed = conftest.changes()
    some = [recovered, failed, dataclasses.replace(failed, task="new"), dataclasses.replace(failed, task="newer")]
    parcels = sent("messageCenter", URL, conftest.compose("messageCenter", some), {"disk": "one", "网络": "two"})
    assert [[change.task for change in parcel.changes] for parcel in parcels] == [["disk"], ["网络"], ["new", "newer"]]
    bodies = [_body(parcel.request) for parcel in parcels]
    assert bodies[1] == {"title": "two", "content": "res: success: 1 finding: 1 success, err: "}
    assert bodies[2]["title"] == "✘ default/night: 3 tasks do not pass, 1 passes again"
    assert "new: failed" in bodies[2]["content"]


def test_only_the_operators_own_message_center_is_trusted(sent: Any) -> None:
    said, now = conftest.compose("messageCenter"), builders.NOW
    own = channels.parcels(notice.Channel.MESSAGE_CENTER, said, secrets.Secret("", URL), now, {})
    assert own[0].request.trusted  # type: ignore[union-attr]
    assert not sent("messageCenter", URL)[0].request.trusted


def test_apprise(sent: Any) -> None:
    (parcel,) = sent("apprise", {"url": "tgram://t/c"})
    said = conftest.compose()
    assert parcel.request == message.AppriseCall("tgram://t/c", said.title, texts.plain(said.sections), True)


@pytest.mark.parametrize(
    ("channel", "data", "words"),
    [
        ("slack", {}, "key url is missing in the Secret ops"),
        ("slack", {"url": "ftp://x/CANARY"}, "key url in the Secret ops has to be an address"),
        ("slack", {"url": "https:///CANARY"}, "key url in the Secret ops has to be an address"),
        ("slack", {"url": "https://x:99999/CANARY"}, "key url in the Secret ops has to be an address"),
        ("slack", {"url": "https://x/CAN\r\nARY"}, "key url in the Secret ops has to be one line"),
        ("slack", {"url": "https://u:CANARY@x/"}, "may hold no user and password"),
        ("webhook", URL | {"authorization": "CAN\nARY"}, "key authorization in the Secret ops has to be one line"),
        ("alertmanager", URL | {"username": "CANARY"}, "key password is missing"),
        ("email", MAIL | {"port": "CANARY"}, "key port in the Secret ops has to be a port"),
        ("email", MAIL | {"tls": "CANARY"}, "key tls in the Secret ops has to be starttls, tls or none"),
        ("email", MAIL | {"to": "CANARY"}, "key to in the Secret ops has to be an address"),
        ("email", MAIL | {"to": ",".join(["a@CANARY"] * 21)}, "1 to 20 addresses"),
        ("email", MAIL | {"from": "CANARY <a@b>"}, "key from in the Secret ops has to be an address"),
        ("apprise", {}, "key url is missing"),
    ],
)
def test_a_wrong_secret_is_told_by_key_and_never_by_value(
    sent: Any, channel: str, data: dict[str, str], words: str
) -> None:
    with pytest.raises(errors.NotifyFailed) as raised:
        sent(channel, data)
    assert words in str(raised.value)
    assert "CAN" not in str(raised.value)


@pytest.mark.parametrize("channel", list(notice.Channel))
def test_no_secret_shows_in_the_value_of_a_request(sent: Any, channel: notice.Channel) -> None:
    canary = dict.fromkeys(("secret", "token", "username", "password", "ca.crt"), "CANARY")
    address = {"url": "https://CANARY.example/CANARY", "host": "CANARY", "from": "CANARY@x", "to": "CANARY@x"}
    parcels = sent(channel.value, canary | address)
    assert "CANARY" not in repr(parcels)
    assert "CANARY" not in repr(secrets.Secret("ops", canary))


@pytest.mark.parametrize("channel", list(notice.Channel))
def test_half_a_character_breaks_no_channel(sent: Any, channel: notice.Channel) -> None:
    _, failed = conftest.changes()
    change = dataclasses.replace(failed, row=failed.row | {"message": "half \ud83d", "outputTail": "\ud83d"})
    said = conftest.compose(channel.value, [change])
    assert sent(channel.value, URL | MAIL, said)
