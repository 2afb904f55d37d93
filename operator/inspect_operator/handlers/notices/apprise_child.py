"""Calls apprise once; a program of its own, see child.py, since apprise blocks and makes connections of its own.

Reads {"url", "title", "text", "bad"}; answers {} or {"error": words}.
"""

import json
import logging
import sys


def main() -> None:
    """One notice."""
    request = json.load(sys.stdin)
    logging.disable()
    # Whatever plugins print must not become part of the answer.
    answer_to, sys.stdout = sys.stdout, sys.stderr
    try:
        answer = _send(request)
    except Exception as error:
        answer = {"error": f"apprise failed: {type(error).__name__}"}
    json.dump(answer, answer_to)


def _send(request: dict[str, str | bool]) -> dict[str, str]:
    import apprise  # takes half a second, and nobody else needs it

    asset = apprise.AppriseAsset(async_mode=False, app_id="inspect-operator", storage_mode="memory")
    to = apprise.Apprise(asset=asset)
    if not to.add(str(request["url"])):
        return {"error": "apprise can't read the url"}
    kind = apprise.NotifyType.FAILURE if request["bad"] else apprise.NotifyType.SUCCESS
    sent = to.notify(body=str(request["text"]), title=str(request["title"]), notify_type=kind, body_format="text")
    return {} if sent else {"error": "apprise could not deliver it"}


if __name__ == "__main__":
    main()
