"""Who is told of what, in canonical form: one policy a channel, with every default applied."""

import dataclasses
import enum


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


class Severity(enum.StrEnum):
    """How bad a failure is, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """The worse, the greater."""
        return len(Severity) - list(Severity).index(self)


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
    min_severity: Severity = Severity.INFO
    template: str = ""
    language: Language = Language.EN
    tasks: tuple[str, ...] = ()
