"""What can go wrong, in words a person can act on.

Each class has a CamelCase `reason` (it stands in conditions and events) and says by `retry` whether trying the
same thing again later can help. Handlers turn them into conditions and back-off; nobody else catches them all.
"""


class InspectError(Exception):
    """Base of all expected failures; `str(error)` is the message people read."""

    reason = "Error"
    retry = False


class SettingsInvalid(InspectError):
    """A setting of the operator (environment or flag) can't be used; names the setting."""

    reason = "SettingsInvalid"


class SpecInvalid(InspectError):
    """The Inspect asks for something that doesn't exist or contradicts itself; names the field."""

    reason = "SpecInvalid"


class TemplateFailed(InspectError):
    """A template could not be rendered or rendered no usable YAML; names template and line."""

    reason = "TemplateFailed"


class ManifestRejected(InspectError):
    """A template rendered an object that a release may not hold; names template and object."""

    reason = "ManifestRejected"


class ReleaseNotOwned(InspectError):
    """A Helm release of that name exists and belongs to somebody else."""

    reason = "ReleaseNotOwned"


class NotAllowed(InspectError):
    """A task asks for a profile, an account or rights that its namespace doesn't have; says who can allow it."""

    reason = "NotAllowed"


class TooManyNodes(InspectError):
    """A task's selector fits more nodes than one release can hold."""

    reason = "TooManyNodes"


class ReleaseRejected(InspectError):
    """Helm or the API server refused the content; the same content will be refused again."""

    reason = "ReleaseRejected"


class ReleaseUnavailable(InspectError):
    """Helm could not finish; the same content may well succeed later."""

    reason = "ReleaseUnavailable"
    retry = True


class ClusterUnavailable(InspectError):
    """The API server could not be reached or answered 5xx or 429."""

    reason = "ClusterUnavailable"
    retry = True


class ClusterConflict(InspectError):
    """Somebody else wrote the object at the same time (409)."""

    reason = "ClusterConflict"
    retry = True


class ClusterForbidden(InspectError):
    """The operator's account lacks a right (401, 403); heals when an administrator grants it."""

    reason = "ClusterForbidden"
    retry = True


class NotifyFailed(InspectError):
    """A notice was not delivered; never tells addresses or anything else that stands in a Secret."""

    reason = "NotifyFailed"
    retry = True

    def __init__(self, message: str, after_seconds: float = 0.0) -> None:
        """`after_seconds`: the endpoint asked not to be bothered earlier."""
        super().__init__(message)
        self.after_seconds = after_seconds


class LeaseHeld(InspectError):
    """Another operator serves these namespaces; names the holder."""

    reason = "LeaseHeld"
