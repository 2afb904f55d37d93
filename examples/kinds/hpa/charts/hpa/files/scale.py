"""Sets the replicas of one workload: a PATCH of its scale, with the pod's account and nothing but Python."""

import json
import os
import pathlib
import ssl
import urllib.request

ACCOUNT = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")
namespace = (ACCOUNT / "namespace").read_text()
plural, name, size = os.environ["PLURAL"], os.environ["NAME"], int(os.environ["SIZE"])
request = urllib.request.Request(
    f"https://kubernetes.default.svc/apis/apps/v1/namespaces/{namespace}/{plural}/{name}/scale",
    data=json.dumps({"spec": {"replicas": size}}).encode(),
    method="PATCH",
    headers={
        "Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}",
        "Content-Type": "application/merge-patch+json",
    },
)
context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
with urllib.request.urlopen(request, context=context, timeout=30) as answer:
    print(f"{plural}/{name}: {json.load(answer)['spec']['replicas']} replicas")
