"""Why a host could not be inspected."""

from inspect_operator.runner import verdict


class Failed(Exception):
    """Ends the inspection of one host; the message tells people what to do and holds no secret."""

    def __init__(self, reason: verdict.Reason, message: str) -> None:
        super().__init__(message)
        self.judgement = verdict.error(reason, message)
