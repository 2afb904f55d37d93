"""The account of our pod, as Kubernetes mounts it."""

import base64
import json
import os
import pathlib

FOLDER = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster() -> bool:
    """Whether it is used: where no KUBECONFIG is named and a token is mounted."""
    return not os.environ.get("KUBECONFIG") and (FOLDER / "token").exists()


def own() -> dict[str, str]:
    """Its namespace, name and uid, as its token says; empty where it is not used."""
    if not in_cluster():
        return {}
    try:
        payload = (FOLDER / "token").read_text().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["kubernetes.io"]
        found = claims["serviceaccount"]
        return {"namespace": claims["namespace"], "name": found["name"], "uid": found["uid"]}
    except (OSError, LookupError, TypeError, ValueError):  # a token of another form
        return {}
