"""Who is told of what, in canonical form: one policy a channel, with every default applied."""

import dataclasses
import enum

from inspect_operator.runner import findings


class Channel(enum.StrEnum):
    """Where notices go; the keys that the Secret of each needs are told in docs/notices.md."""

    MESSAGE_CENTER = "messageCenter"
    WEBHOOK = "webhook"
    EMAIL = "email"
    FEISHU = "feishu"
    DINGTALK = "dingtalk"
    WECOM = "wecom"
    SLACK = "slack"
    ALERTMANAGER = "alertmanager"
    APPRISE = "apprise"


class When(enum.StrEnum):
    """What is worth a notice."""

    ON_CHANGE = "onChange"
    ALWAYS = "always"
    ON_FAILURE = "onFailure"
    ON_RECOVERY = "onRecovery"


class Language(enum.StrEnum):
    """Of default messages."""

    EN = "en"
    ZH = "zh"


@dataclasses.dataclass(frozen=True)
class Policy:
    """One channel. `secret` is empty where the operator's own message center is meant, `tasks` where all are."""

    name: str
    channel: Channel
    secret: str = ""
    when: When = When.ON_CHANGE
    failure_threshold: int = 1
    min_severity: findings.Severity = findings.Severity.INFO
    template: str = ""
    language: Language = Language.EN
    tasks: tuple[str, ...] = ()
