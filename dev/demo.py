"""`make demo`: installs the operator, applies the examples, waits for their results and shows them.

Run again it changes nothing that is already right. Expects kubectl and helm of the cluster on PATH (see
`make -s cluster-env`) and the images loaded (`make images`).
"""

import json
import os
import pathlib
import subprocess
import sys
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMESPACE = "inspect-system"
EXAMPLES = ("original", "host-health")
DEADLINE_SECONDS = 180.0
MARKS = {"success": "✔", "fail": "✘", "error": "✘", "warn": "!", "skipped": "-", "unknown": "?", "info": "·"}


def main() -> int:
    """0 where every run of the examples ended, else 1."""
    began = time.monotonic()
    step("the operator")
    install(image_tag())
    step("the examples")
    if os.environ.get("CLUSTER") != "current":
        run(sys.executable, "dev/cluster", "load", "tests/images/try", "--name", "docker.io/library/try:latest")
    for example in EXAMPLES:
        print(run("kubectl", "apply", "-n", "default", "-f", f"examples/{example}.yaml").strip())
    names = [inspect["metadata"]["name"] for inspect in examples()]
    step("waiting for the results")
    if not wait(names):
        print(f"not every run ended within {DEADLINE_SECONDS:g} s; see: kubectl describe in", file=sys.stderr)
        return 1
    step("helm list")
    print(run("helm", "list", "-n", "default"))
    step("kubectl get in")
    print(run("kubectl", "get", "in", "-n", "default"))
    step("what they found")
    for inspect in examples():
        show(inspect)
    step(f"done in {time.monotonic() - began:.0f} s; what to try next")
    print(NEXT)
    return 0


NEXT = """\
  eval "$(make -s cluster-env)"                          point kubectl and helm to this cluster
  kubectl describe in myinspect                          conditions, results and events in words
  kubectl edit in host-health                            change a script: that task, and only that, runs again
  kubectl annotate in host-health --overwrite api.practice.com/run-requested-at="$(date)"    run all of it now
  helm history host-health--disk                         why each revision of a task's release was made
  kubectl delete in host-health; helm list               all its releases go with it
  make cluster-down                                      stop the cluster; nothing of it stays on this machine
"""


def image_tag() -> str:
    """The tag of the images that `make images` built; of the user's own cluster, the version or INSPECT_TAG."""
    if os.environ.get("CLUSTER") == "current":
        return os.environ.get("INSPECT_TAG", "")
    output = run(sys.executable, "dev/cluster", "images")
    return next(line.removeprefix("TAG=") for line in output.splitlines() if line.startswith("TAG="))


def install(tag: str) -> None:
    """helm upgrade --install, unless exactly this is deployed: the tag names chart and images by their content."""
    releases = json.loads(run("helm", "list", "-n", NAMESPACE, "-o", "json"))
    if tag and any(one["name"] == "inspect-operator" and one["status"] == "deployed" for one in releases):
        values = json.loads(run("helm", "get", "values", "inspect-operator", "-n", NAMESPACE, "-o", "json")) or {}
        # Tests scale the operator down; one that is not there is not installed already.
        replicas = run(
            "kubectl", "get", "deployment/inspect-operator", "-n", NAMESPACE, "-o", "jsonpath={.spec.replicas}"
        )
        if values.get("image", {}).get("tag", "") == tag and replicas == "1":
            run("kubectl", "rollout", "status", "deployment/inspect-operator", "-n", NAMESPACE, "--timeout=90s")
            print(f"inspect-operator {tag} is installed already")
            return
    run(
        *("helm", "upgrade", "--install", "inspect-operator", "charts/inspect-operator"),
        *("-n", NAMESPACE, "--create-namespace", "--wait", "--timeout", "120s"),
        # `make run` and the tests apply the CRD by kubectl; the chart takes it over.
        *("--take-ownership", "--force-conflicts"),
        *("--set", f"image.tag={tag},runner.image.tag={tag}"),
    )
    print(f"inspect-operator {tag} was installed into namespace {NAMESPACE}")


def examples() -> list[dict[str, Any]]:
    """The example objects as they are now."""
    names = ("myinspect", "host-health")
    listed = json.loads(run("kubectl", "get", "in", "-n", "default", *names, "-o", "json"))
    return list(listed["items"])


def wait(names: list[str]) -> bool:
    """Prints each result as it comes; True once every object says Finished for its present generation."""
    told: set[str] = set()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        done = 0
        for inspect in examples():
            status = inspect.get("status", {})
            if status.get("observedGeneration") != inspect["metadata"]["generation"]:
                continue
            for row in status.get("results", []):
                line = f"{inspect['metadata']['name']}/{row['task_name']}: {row.get('res', '')}"
                if line not in told and not line.endswith(": waiting: the run is about to start"):
                    told.add(line)
                    print(f"  {line}")
            done += condition(inspect, "Finished") == "True"
        if done == len(names):
            return True
        time.sleep(0.5)
    return False


def condition(inspect: dict[str, Any], name: str) -> str:
    """Status of one condition; Unknown where it isn't there."""
    conditions = inspect.get("status", {}).get("conditions", [])
    return next((one["status"] for one in conditions if one["type"] == name), "Unknown")


def show(inspect: dict[str, Any]) -> None:
    """The findings of one object."""
    for row in inspect["status"]["results"]:
        verdict = row.get("verdict", row["state"])
        mark = MARKS.get(verdict, "·")
        print(f"  {mark} {inspect['metadata']['name']}/{row['task_name']}: {verdict} ({row.get('reason', '')})")
        for finding in row.get("findings", []):
            where = f"{finding['target']}: " if "target" in finding else ""
            print(f"      {MARKS[finding['result']]} {where}{finding['name']}: {finding.get('message', '')}")
        if not row.get("findings") and row.get("message"):
            print(f"        {row['message']}")


def run(*command: str) -> str:
    """What the command printed; ends the demo with its own words where it failed."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def step(words: str) -> None:
    """A heading."""
    print(f"\n== {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
