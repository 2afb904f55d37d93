"""What Helm's Secrets say of a release, without decoding any: the input of every decision about it."""

import dataclasses
import datetime
import enum


class Status(enum.StrEnum):
    """Helm's own words for the state of a revision (helm.sh/helm/v4, pkg/release/common)."""

    DEPLOYED = "deployed"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    UNINSTALLED = "uninstalled"
    UNINSTALLING = "uninstalling"
    PENDING_INSTALL = "pending-install"
    PENDING_UPGRADE = "pending-upgrade"
    PENDING_ROLLBACK = "pending-rollback"
    UNKNOWN = "unknown"

    @property
    def pending(self) -> bool:
        """Helm is installing or upgrading it, or died doing so."""
        return self.value.startswith("pending-")

    @property
    def under_way(self) -> bool:
        """Helm is at work on it, or died doing so."""
        return self.pending or self is Status.UNINSTALLING


@dataclasses.dataclass(frozen=True)
class Revision:
    """One revision of a release; the last five are our labels, empty where the release isn't ours."""

    number: int
    status: Status
    modified: datetime.datetime
    owner_uid: str = ""
    digest: str = ""
    run_key: str = ""
    trigger: str = ""
    templates: str = ""


@dataclasses.dataclass(frozen=True)
class Release:
    """A release with its stored revisions, newest first; there is at least one."""

    name: str
    revisions: tuple[Revision, ...]

    @property
    def newest(self) -> Revision:
        """The revision that says what the release is."""
        return self.revisions[0]
