"""What scripts and images print, or leave in a file, arrives in the status as findings."""

import json

from tests.e2e.harness import kube, process

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="s"><testcase classname="net" name="dns"/><testcase classname="net" name="tls">
<properties><property name="severity" value="critical"/><property name="remediation" value="续期证书"/></properties>
<failure message="还剩 3 天, 需要续期"/></testcase></testsuite></testsuites>"""
BOMB = '<!DOCTYPE a [<!ENTITY b "c">]><testsuites><testcase name="&b;"/></testsuites>'
TLS = {"name": "net.tls", "result": "fail", "message": "还剩 3 天, 需要续期", "severity": "critical",
       "remediation": "续期证书"}  # fmt: skip
DNS = {"name": "net.dns", "result": "success"}
JSON = '{"name": "disk", "result": "fail", "severity": "medium", "message": "98%", "fix": "clean up /var"}'
DISK = {"name": "disk", "result": "fail", "message": "98%", "severity": "medium", "remediation": "clean up /var"}
MARKED = ["-----BEGIN JUNIT-----", *REPORT.splitlines(), "-----END JUNIT-----"]


def test_findings_in_each_way_of_telling_them(operator: process.Operator, namespace: str, try_image: str) -> None:
    printed = "\n".join(MARKED)
    environment = {"name": "镜像任务的环境变量", "result": "fail", "message": "缺少环境变量 taskName"}
    tasks: dict[str, tuple[kube.Object, str, list[kube.Object]]] = {
        "mixed": (
            {"script": f"echo words; echo '{JSON}' >&2; cat <<'EOF'\n{printed}\nEOF\n"
                       "echo 'caseName:a, result:fail, severity:low, remediation:do it, resultDesc:b, c'"},
            "fail",
            [DISK, TLS, {"name": "a", "result": "fail", "message": "b, c", "severity": "low", "remediation": "do it"},
             DNS],
        ),
        "file": (
            {"script": f"echo disk fail full; cat > /tmp/report.xml <<'EOF'\n{REPORT}\nEOF\n",
             "results": {"file": "/tmp/report.xml"}},
            "fail",
            [TLS, DNS],
        ),
        "no-file": (
            {"script": "echo disk ok fine", "results": {"format": "junit", "file": "/tmp/report.xml"}},
            "unknown",
            [{"name": "results file /tmp/report.xml", "result": "unknown",
              "message": "the script left no such file (No such file or directory)"}],
        ),
        "hostile": (
            {"script": f"echo '-----BEGIN JUNIT-----'; echo '{BOMB}'; echo '-----END JUNIT-----'"},
            "unknown",
            [{"name": "JUnit report", "result": "unknown", "message": "it declares entities, which are not read"}],
        ),
        "cases": ({"script": f"echo '{JSON}'; echo disk fail full", "results": {"format": "cases"}}, "success", []),
        "image": ({"image": try_image, "args": [JSON, *MARKED]}, "fail", [environment, DISK, TLS, DNS]),
        "image-json": (
            {"image": try_image, "args": [JSON, *MARKED], "results": {"format": "jsonLines"}}, "fail", [DISK],
        ),
        "image-none": ({"image": try_image, "args": [JSON], "results": {"format": "none"}}, "success", []),
    }  # fmt: skip
    operator.start()
    kube.apply(kube.inspect("tells", *({"name": name, **task} for name, (task, _, _) in tasks.items())), namespace)
    found = kube.finished(namespace, "tells", 120)
    rows = {name: kube.row(found, name) for name in tasks}
    # Findings of one result come in the order in which they were read; the two streams of a script race.
    assert {name: (row["verdict"], _sorted(row.get("findings", []))) for name, row in rows.items()} == {
        name: (verdict, _sorted(findings)) for name, (_, verdict, findings) in tasks.items()
    }
    (note,) = [
        pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"]
        for pod in kube.items("pods", namespace)
        if pod["metadata"]["labels"]["app.kubernetes.io/instance"] == "tells--mixed"
    ]
    assert f'"stderr":{json.dumps(JSON)}' in note
    # How findings are read is no other run.
    jobs = {job["metadata"]["uid"] for job in kube.items("jobs", namespace)}
    spec = [{"name": name, **task} | {"results": {"format": "checks"}} for name, (task, _, _) in tasks.items()]
    kube.apply(kube.inspect("tells", *spec), namespace)
    kube.finished(namespace, "tells", 60)
    assert {job["metadata"]["uid"] for job in kube.items("jobs", namespace)} == jobs


def test_a_results_file_that_nobody_could_read_is_refused(namespace: str) -> None:
    hosts = {"hosts": [{"address": "10.0.0.1", "passwordFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]}
    for task in ({"image": "try:1"}, {"script": "true", "target": hosts}):
        told = _refusal(kube.inspect("no", {"name": "a", "results": {"file": "/tmp/a"}, **task}), namespace)
        assert "a results file is read in a script's own pod" in told
    told = _refusal(kube.inspect("no", {"name": "a", "script": "true", "results": {"format": "xml"}}), namespace)
    assert 'Unsupported value: "xml"' in told


def _refusal(body: kube.Object, namespace: str) -> str:
    try:
        return kube.apply(body, namespace)
    except kube.Failed as failed:
        return str(failed)


def _sorted(findings: list[kube.Object]) -> list[kube.Object]:
    return sorted(findings, key=lambda finding: str(finding["name"]))
