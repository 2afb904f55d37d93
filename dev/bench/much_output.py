"""How much memory the operator needs for a task that prints 1 GiB: `python dev/bench/much_output.py`.

Runs an operator of its own for a namespace of its own, on the cluster of KUBECONFIG (`eval "$(make -s cluster-env)"`);
INSPECT_TAG names images that are loaded already. Exits with 1 where its memory rose by 16 MiB or more, or where status
or report grew past their bounds.
"""

import json
import pathlib
import secrets
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.e2e.harness import kube, process  # noqa: E402

LIMIT_MIB = 16.0
SCRIPT = (
    "yes 'one line of ordinary output, as tools print them by the million' | head -c 1G; echo; echo disk-1 fail full\n"
)


def resident_mib(pid: int) -> float:
    """Memory of a process, as the kernel counts it."""
    fields = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in fields if line.startswith("VmRSS")) / 1024


def run(namespace: str, name: str, script: str) -> kube.Object:
    """One Inspect with one task, once it has finished."""
    kube.apply(kube.inspect(name, {"name": "t", "script": script, "timeout": "15m"}), namespace)
    return kube.finished(namespace, name, 900)


def main() -> int:
    namespace = f"bench-much-output-{secrets.token_hex(2)}"
    kube.run("create", "namespace", namespace)
    image = f"docker.io/inspect-operator/runner:{process.image_tag(ROOT)}"
    with tempfile.TemporaryDirectory() as folder:
        operator = process.Operator(ROOT, namespace, image, pathlib.Path(folder))
        try:
            operator.start()
            run(namespace, "warm", "echo disk-1 ok fine")  # what any first run costs
            before = peak = resident_mib(operator.pid)
            ended = threading.Event()

            def watch() -> None:
                nonlocal peak
                while not ended.wait(0.05):
                    peak = max(peak, resident_mib(operator.pid))

            watching = threading.Thread(target=watch)
            watching.start()
            found = run(namespace, "much", SCRIPT)
            ended.set()
            watching.join()
            after = resident_mib(operator.pid)
            body = kube.there("configmap", namespace, "much--t.report")
        finally:
            operator.stop()
            kube.run("delete", "namespace", namespace, "--wait=false")
    row = kube.row(found, "t")
    status = len(json.dumps(found["status"]).encode())
    report = len(body["data"]["report.json"].encode())
    print(f"operator's memory: {before:.1f} MiB before, {peak:.1f} at most, {after:.1f} after")
    print(f"status {status} bytes, report {report} bytes, verdict {row['verdict']} ({row['reason']})")
    bounded = status < 64 * 1024 and report <= 256 * 1024 and row["verdict"] == "fail"
    return 0 if bounded and peak - before < LIMIT_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
