"""Do Deployments, Services and cluster DNS work together? Deploys a server in this namespace and calls it.

What it makes has an unlucky end covered: it is removed at SIGTERM too, and belongs to this pod.
"""

import http.client
import os
import secrets
import time
import urllib.request

import inspect_check as ic

CHECK = "deploy-and-service"
PORT = 8080
ADVICE = {
    "cluster-ip": "look at kube-proxy and the network's pods (kubectl -n kube-system get pods), and at NetworkPolicies",
    "service-name": "look at the cluster's DNS: kubectl -n kube-system get pods,endpoints -l k8s-app=kube-dns",
}
#: Answers every GET with $ANSWER, over IPv4 and IPv6.
SERVER = """
import http.server, os, socket, socketserver

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["ANSWER"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)

Server(("", 8080), Answer).serve_forever()
"""


def deployment(name: str, answer: str, labels: ic.Object, replicas: int) -> ic.Object:
    """Of pods that meet the Pod Security Standard `restricted`, with requests and limits in case of a quota."""
    container = {
        "name": "server",
        "image": os.environ["INSPECT_RUNNER_IMAGE"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-I", "-c", SERVER],
        "env": [{"name": "ANSWER", "value": answer}],
        "ports": [{"containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/", "port": PORT}, "initialDelaySeconds": 1, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "500m", "memory": "96Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels, "ownerReferences": ic.owners()},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def service(name: str, labels: ic.Object) -> ic.Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": labels, "ownerReferences": ic.owners()},
        "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": PORT}]},
    }


def wait_until_ready(path: str, labels: ic.Object, replicas: int, deadline: float) -> bool:
    began = time.monotonic()
    while True:
        status = ic.api(path).get("status", {})
        ready = status.get("readyReplicas", 0)
        if ready >= replicas:
            ic.finding(f"{CHECK}:ready", "success", f"{ready} of {replicas} pods in {time.monotonic() - began:.1f} s")
            return True
        if time.monotonic() >= deadline:
            words = f"{ready} of {replicas} pods after {time.monotonic() - began:.0f} s"
            advice = "look at quotas (kubectl describe quota), at free room on nodes, and whether they can pull images"
            ic.finding(f"{CHECK}:ready", "fail", f"{words}{why_not(status, labels)}", remediation=advice)
            return False
        time.sleep(0.5)


def why_not(status: ic.Object, labels: ic.Object) -> str:
    """What the Deployment and its pods say."""
    said = [one.get("message", "") for one in status.get("conditions", ()) if one["type"] == "ReplicaFailure"]
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    for pod in ic.items(ic.scope("pods", everywhere=False), {"labelSelector": selector}):
        found = pod.get("status", {})
        said += [one.get("message", "") for one in found.get("conditions", ()) if one.get("reason") == "Unschedulable"]
        waiting = [one.get("state", {}).get("waiting") or {} for one in found.get("containerStatuses", ())]
        said += [f"{one['reason']} {one.get('message', '')}".strip() for one in waiting if one.get("reason")]
    return "".join(f"; {words}" for words in sorted({words for words in said if words}))


def call(case: str, host: str, answer: str, deadline: float) -> None:
    """Until it answers: rules and names come a moment after the pods."""
    url = f"http://[{host}]/" if ":" in host else f"http://{host}/"
    began, attempts, seen = time.monotonic(), 0, ""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while attempts == 0 or time.monotonic() < deadline:
        attempts += 1
        try:
            with opener.open(url, timeout=3) as got:
                seen = got.read(4096).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            seen = str(getattr(error, "reason", None) or error)
        if seen == answer:
            took = (time.monotonic() - began) * 1000
            ic.finding(f"{CHECK}:{case}", "success", f"{url} answered in {took:.0f} ms, attempt {attempts}")
            return
        time.sleep(0.5)
    words = f"{url} did not answer as it should in {attempts} attempts; the last: {seen}"
    ic.finding(f"{CHECK}:{case}", "fail", words, remediation=ADVICE[case])


def main() -> None:
    replicas, seconds = ic.integer("replicas", 1), ic.integer("timeoutSeconds", 120)
    if not os.environ.get("INSPECT_RUNNER_IMAGE"):
        raise ic.Trouble("INSPECT_RUNNER_IMAGE is not set: there is no image to deploy")
    deadline = time.monotonic() + seconds
    name, answer = f"{CHECK}-{secrets.token_hex(5)}", secrets.token_hex(8)
    labels = {**ic.labels(CHECK), "app.kubernetes.io/instance": name}
    services = ic.scope("services", everywhere=False)
    deployments = ic.scope("deployments", everywhere=False, group="apps/v1")

    def remove() -> None:
        ic.every(lambda: ic.delete(f"{deployments}/{name}"), lambda: ic.delete(f"{services}/{name}"))

    with ic.removing(remove):
        made = ic.api(services, method="POST", body=service(name, labels))
        ic.api(deployments, method="POST", body=deployment(name, answer, labels, replicas))
        if wait_until_ready(f"{deployments}/{name}", labels, replicas, deadline):
            call("cluster-ip", made["spec"]["clusterIP"], answer, deadline)
            call("service-name", f"{name}.{ic.namespace()}.svc", answer, deadline)


ic.run(CHECK, main)
