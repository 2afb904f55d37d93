"""From a policy to what arrives: Secrets, templates in a process of their own, and apprise behind a list."""

import asyncio
import base64
import json
import sys
import time
from typing import Any

import pytest
from tests.unit import builders, cluster_in_memory
from tests.unit.handlers.notices import conftest
from tests.unit.publish.notices import conftest as messages

from inspect_operator import errors, settings
from inspect_operator.api import notice
from inspect_operator.handlers.notices import child, delivery

pytestmark = pytest.mark.slow

INSPECTION = builders.inspection(builders.modern("disk"), builders.modern("网络"))


def _delivery(data: dict[str, str] | None = None, **more: Any) -> delivery.Delivery:
    """With a Secret named ops."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in (data or {}).items()}
    secret = {"kind": "Secret", "metadata": {"name": "ops", "namespace": "default"}, "data": encoded}
    configured = settings.Settings(**{"notify_allow": ("127.0.0.0/8",), **more})
    return delivery.Delivery(cluster_in_memory.Cluster(secret), configured)


def _policy(channel: str, **more: Any) -> notice.Policy:
    return notice.Policy("ops", notice.Channel(channel), **{"secret": "ops", **more})


async def _deliver(made: delivery.Delivery, policy: notice.Policy) -> None:
    try:
        _, parcels = await made.prepare(policy, INSPECTION, messages.changes())
        for parcel in parcels:
            await made.send(parcel.request)
    finally:
        made.http.close()


async def _refused(made: delivery.Delivery, policy: notice.Policy) -> str:
    with pytest.raises(errors.NotifyFailed) as raised:
        await _deliver(made, policy)
    return str(raised.value)


async def test_a_template_of_a_webhook_makes_json_of_what_a_script_printed(endpoint: conftest.Endpoint) -> None:
    template = (
        '{% macro one(c) %}{"name": {{ c.task }}, "said": {{ c.message | tojson }}}{% endmacro %}'
        '{"text": {{ title }}, "all": ['
        "{% for c in changes %}{{ one(c) }}{% if not loop.last %},{% endif %}{% endfor %}]}"
    )
    await _deliver(_delivery({"url": endpoint.url()}), _policy("webhook", template=template))
    body = json.loads(endpoint.seen[0][2])
    assert body["text"] == messages.compose().title
    assert body["all"][0] == {"name": "disk", "said": "3 findings: 1 fail"}


async def test_a_template_of_a_chat_is_markup_but_what_it_shows_is_not(endpoint: conftest.Endpoint) -> None:
    template = "*{{ title }}* {{ changes[0].findings[0].message }} {{ '<!here>' }}"
    await _deliver(_delivery({"url": endpoint.url()}), _policy("slack", template=template))
    ((_, _, body),) = endpoint.seen
    text = json.loads(body)["blocks"][0]["text"]["text"]
    assert text == f"*{messages.compose().title}* 98% &lt;used&gt;, clean up <!here>"


ENDLESS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{% for %}", "line 1"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        (
            "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
            "ended without an answer or it took longer than",
        ),
        ("{{ 'a' * 10 ** 10 }}", "MemoryError"),
        ("{{ 'a' * 100000 }}", "makes more than 65536 characters"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{{ lipsum.__globals__ }}", "SecurityError"),
    ],
)
async def test_a_template_can_do_no_harm(template: str, words: str) -> None:
    began = time.monotonic()
    said = await _refused(_delivery({"url": "https://127.0.0.1/"}), _policy("slack", template=template))
    assert "the template was not rendered" in said
    assert any(word in said for word in words.split(" or "))  # by its CPU time, or by the clock
    assert time.monotonic() - began < 30


async def test_no_environment_of_ours_is_in_that_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INSPECT_OPERATOR_X", "KUBECONFIG", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "CANARY")
    seen: list[dict[str, str]] = []
    original = asyncio.create_subprocess_exec

    async def look(*arguments: Any, **options: Any) -> Any:
        seen.append(options["env"])
        return await original(*arguments, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", look)
    answer = await child.run("inspect_operator.render.message", {"template": "x", "data": {}, "json": False}, 30)
    assert answer == {"text": "x"}
    assert "CANARY" not in seen[0].values()


async def test_what_hangs_is_killed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "hang"
    program.write_text("#!/bin/sh\nsleep 300\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    began = time.monotonic()
    with pytest.raises(errors.NotifyFailed, match="longer than 1 s"):
        await child.run("x", {}, 1.0)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("policy", "more", "words"),
    [
        (_policy("slack", secret="none"), {}, "there is no Secret none"),
        (_policy("slack"), {}, "key url is missing in the Secret ops"),
        (_policy("messageCenter", secret=""), {}, "the operator has no message center"),
        (
            _policy("messageCenter", secret=""),
            {"message_center_url": "nonsense"},
            "the operator's setting messageCenterUrl",
        ),
    ],
)
async def test_what_is_missing_is_named(policy: notice.Policy, more: Any, words: str) -> None:
    assert words in await _refused(_delivery(**more), policy)


async def test_the_secret_of_another_namespace_is_out_of_reach() -> None:
    made = _delivery({"url": "https://example.com"})
    (secret,) = made._cluster.objects.values()  # type: ignore[attr-defined]
    secret["metadata"]["namespace"] = "other"
    made._cluster.objects = {("Secret", "other", "ops"): secret}  # type: ignore[attr-defined]
    assert "there is no Secret ops" in await _refused(made, _policy("slack"))


def test_a_list_that_is_wrong_keeps_the_operator_from_starting() -> None:
    with pytest.raises(errors.SettingsInvalid, match="INSPECT_OPERATOR_NOTIFY_ALLOW: 'http://x'"):
        _delivery(notify_allow=("http://x",))


@pytest.mark.parametrize(
    ("allow", "is_open"),
    [
        ((), False),
        (("xml",), False),
        (("json://other",), False),
        (("json",), True),
        (("JSON://127.0.0.1:{port}",), True),
    ],
)
async def test_apprise_goes_where_an_administrator_lets_it(
    endpoint: conftest.Endpoint, allow: tuple[str, ...], is_open: bool
) -> None:
    listed = tuple(one.format(port=endpoint.port) for one in allow)
    made = _delivery({"url": f"json://127.0.0.1:{endpoint.port}/CANARY"}, apprise_allow=listed)
    if not is_open:
        assert "apprise may not be used for this url" in await _refused(made, _policy("apprise"))
        assert endpoint.seen == []
        return
    await _deliver(made, _policy("apprise"))
    ((path, _, body),) = endpoint.seen
    assert path.startswith("/CANARY")
    said = json.loads(body)
    assert (said["title"], said["type"]) == (messages.compose().title, "failure")
    assert "✘ disk: failed" in said["message"]


async def test_what_apprise_could_not_deliver() -> None:
    made = _delivery({"url": "json://127.0.0.1:1/CANARY"}, apprise_allow=("json",))
    assert await _refused(made, _policy("apprise")) == "apprise could not deliver it"
    made = _delivery({"url": "json://"}, apprise_allow=("json",))
    assert await _refused(made, _policy("apprise")) == "apprise can't read the url"


async def test_nothing_is_sent_once_another_operator_may_act(endpoint: conftest.Endpoint) -> None:
    made = _delivery({"url": endpoint.url()})
    made._cluster.acts_until = time.monotonic() - 0.01
    assert "another operator may be at work" in await _refused(made, _policy("webhook"))
    assert endpoint.seen == []
