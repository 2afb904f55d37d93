"""What is generated from the shipped checks: `python -m inspect_operator.render.checks_generate CHECKOUT` writes their
rights as a template of the operator's chart, and their table into docs/checks.md.
"""

import json
import pathlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from inspect_operator.api import check as checks
from inspect_operator.api import group
from inspect_operator.render import checks as checks_on_disk

TEMPLATE = pathlib.Path("charts/inspect-operator/templates/checks.yaml")
REFERENCE = pathlib.Path("docs/checks.md")
#: Above it a person writes, below it the generator.
MARK = "<!-- Generated from checks/ by `make generate`: edit check.yaml there. -->\n"


def generated(root: pathlib.Path) -> dict[pathlib.Path, str]:
    """Every generated file below the checkout's root, with its content."""
    shipped = checks_on_disk.load(root / "checks")
    head, mark, _ = (root / REFERENCE).read_text(encoding="utf-8").partition(MARK)
    return {
        root / TEMPLATE: chart_template(shipped),
        root / REFERENCE: head + mark + "\n" + "\n".join(_reference(shipped)) + "\n",
    }


def chart_template(shipped: Mapping[str, checks.Check]) -> str:
    """The rights of the checks as a template of the operator's chart."""
    asking = {name: one.access for name, one in shipped.items() if one.access is not None}
    wide = [name for name, access in asking.items() if access.cluster_wide]
    roles = "".join(
        _ROLE.replace("ROLE", checks.cluster_role(name)) + "".join(map(_rule, access.rules))
        for name, access in asking.items()
    )
    names = json.dumps([checks.cluster_role(name) for name in asking])
    accounts = " ".join(f'"{checks.cluster_role(name)}"' for name in wide)
    text = (
        _TEMPLATE.replace("ROLES\n", roles)
        .replace("NAMES", names)
        .replace("ACCOUNTS", accounts)
        .replace("LABEL", group.LABEL_TASKS)
    )
    return text.replace("FIRST", checks.cluster_role(next(iter(asking)))).replace("ALLOWED", group.CHECKS_ALLOWED)


_ROLE = """---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ROLE
  labels: {{- include "inspect-operator.labels" . | nindent 4 }}
rules:
"""
_TEMPLATE = """{{- /* Generated from checks/ by `make generate`. Edit check.yaml there, not this file. */ -}}
{{- define "inspect-operator.checkRoles" -}}NAMES{{- end }}
{{- $checks := .Values.checks | default dict }}
{{- if include "inspect-operator.wanted" (list $ (dig "install" "auto" $checks)) }}
{{- /* What a check may do is the same whoever installs it, so its ClusterRole has a fixed name and one owner. */ -}}
{{- with lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" "FIRST" }}
{{- $owner := .metadata.annotations | default dict }}
{{- $release := get $owner "meta.helm.sh/release-name" }}
{{- $namespace := get $owner "meta.helm.sh/release-namespace" }}
{{- if not (and (eq $release $.Release.Name) (eq $namespace $.Release.Namespace)) }}
{{- fail (printf "release %q in %q has the ClusterRoles of checks; set checks.install=false" $release $namespace) }}
{{- end }}
{{- end }}
ROLES
{{- end }}
{{- /* Accounts that may look at the whole cluster, in the namespaces that an administrator trusts with that. */ -}}
{{- $namespaces := dig "clusterWideNamespaces" list $checks }}
{{- if $namespaces }}
{{- range $name := list ACCOUNTS }}
{{- range $namespace := $namespaces }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $name }}
  namespace: {{ $namespace }}
  labels: {{- include "inspect-operator.labels" $ | nindent 4 }}
    LABEL: ALLOWED
automountServiceAccountToken: false
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  # Of this release: another one has other namespaces.
  name: {{ $name }}.{{ $.Release.Namespace }}.{{ $.Release.Name }}
  labels: {{- include "inspect-operator.labels" $ | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ $name }}}
subjects:
{{- range $namespace := $namespaces }}
  - {kind: ServiceAccount, name: {{ $name }}, namespace: {{ $namespace }}}
{{- end }}
{{- end }}
{{- end }}
"""


def _rule(rule: Mapping[str, Any]) -> str:
    return (
        "  - {" + ", ".join(f"{word}: {json.dumps(rule[word])}" for word in ("apiGroups", "resources", "verbs")) + "}\n"
    )


def _reference(shipped: Mapping[str, checks.Check]) -> Iterator[str]:
    original = [one for one in shipped.values() if one.name.endswith(tuple(checks_on_disk.INTERPRETERS))]
    yield "| Check | What it tells | Asks Kubernetes for | Where |"
    yield "| --- | --- | --- | --- |"
    for one in shipped.values():
        if one not in original:
            yield f"| [{one.name}](#{one.name}) | {one.help} | {_rights(one)} | {_reach(one)} |"
    for one in shipped.values():
        if one not in original:
            yield from ("", f"## {one.name}", "", one.help, "")
            if one.parameters["properties"]:
                yield "| Parameter | | |"
                yield "| --- | --- | --- |"
            for name, rule in one.parameters["properties"].items():
                kind = checks.describe(name, rule).removeprefix(f"{name} (").removesuffix(")")
                required = ", required" if name in one.parameters["required"] else ""
                yield f"| `{name}` | {_cell(kind)}{required} | {_cell(rule['description'])} |"
    yield from (
        "",
        "## The original checks",
        "",
        "Named by their files, without parameters, in the words of the original.",
        "",
    )
    yield from ("| Check | What it tells |", "| --- | --- |")
    for one in original:
        yield f"| {one.name} | {one.help} |"


def _rights(check: checks.Check) -> str:
    rules = check.access.rules if check.access else ()
    return "; ".join(f"{', '.join(rule['verbs'])} {', '.join(rule['resources'])}" for rule in rules) or "nothing"


def _reach(check: checks.Check) -> str:
    wide = check.access.cluster_wide if check.access else False
    if isinstance(wide, str):
        return f"its namespace; the whole cluster with `{wide}`"
    return "the whole cluster" if wide else "its namespace" if check.access else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for path, content in generated(pathlib.Path(sys.argv[1])).items():
        path.write_text(content, encoding="utf-8")
