"""Which Helm releases hang? From the labels of Helm's Secrets alone; their content is never read."""

import datetime

import inspect_check as ic

CHECK = "helm-stuck-releases"


def minutes_old(secret: ic.Object) -> float:
    """Since the last change: Helm's label in seconds, else when the Secret was made."""
    changed = secret["metadata"]["labels"].get("modifiedAt", "")
    if changed.isdigit():
        return (datetime.datetime.now(datetime.UTC).timestamp() - int(changed)) / 60
    return ic.minutes_since(secret["metadata"].get("creationTimestamp"))


def revision(secret: ic.Object) -> int:
    version = secret["metadata"]["labels"].get("version", "")
    return int(version) if version.isdigit() else 0


def main() -> None:
    minutes, failed = ic.integer("minutes", 15), ic.text("failed", "fail")
    newest: dict[tuple[str, str], ic.Object] = {}
    path = ic.scope("secrets", ic.flag("allNamespaces"))
    for secret in ic.items(path, {"labelSelector": "owner=helm"}, accept=ic.METADATA_LIST):
        key = (secret["metadata"].get("namespace", ""), secret["metadata"]["labels"].get("name", ""))
        if key not in newest or revision(secret) > revision(newest[key]):
            newest[key] = secret
    rows = []
    for (namespace, name), secret in newest.items():
        status, old = secret["metadata"]["labels"].get("status", ""), minutes_old(secret)
        words = f"revision {revision(secret)} is {status} for {old:.0f} minutes"
        if status == "failed" and failed != "ignore":
            advice = f"helm -n {namespace} history {name} says why; mend that and upgrade again, or roll back"
            rows.append((f"{namespace}/{name}", failed, words, advice))
        elif (status.startswith("pending-") or status == "uninstalling") and old >= minutes:
            verb = "rollback" if status in ("pending-upgrade", "pending-rollback") else "uninstall"
            advice = f"if no helm works on it any more: helm -n {namespace} {verb} {name}"
            rows.append((f"{namespace}/{name}", "fail", words, advice))
    if not rows:
        ic.finding(CHECK, "success", f"of {len(newest)} releases none hangs")
    ic.report(CHECK, rows)


ic.run(CHECK, main)
