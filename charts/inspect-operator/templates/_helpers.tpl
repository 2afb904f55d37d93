{{- define "inspect-operator.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "inspect-operator.labels" -}}
{{ include "inspect-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "inspect-operator.selector" -}}
app.kubernetes.io/name: inspect-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* What the operator may do in the namespaces that it serves; each line says what for. */ -}}
{{- define "inspect-operator.rules" -}}
# Inspects: read them, add and remove the finalizer, write their status.
- apiGroups: [api.practice.com]
  resources: [inspects]
  verbs: [get, list, watch, patch]
- apiGroups: [api.practice.com]
  resources: [inspects/status]
  verbs: [patch]
# Helm keeps its releases in Secrets; the operator reads their labels and unlocks interrupted ones. Channels of notices
# have theirs too.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, create, update, patch, delete]
# What releases hold.
- apiGroups: [""]
  resources: [configmaps, serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [batch]
  resources: [jobs, cronjobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings]
  verbs: [get, list, watch, create, patch, delete]
# The accounts of checks get the rights of that check, and no others.
- apiGroups: [rbac.authorization.k8s.io]
  resources: [clusterroles]
  resourceNames: {{ include "inspect-operator.checkRoles" . }}
  verbs: [bind]
# What runs did.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [""]
  resources: [events]
  verbs: [list, create]
# Whether a namespace is going away, together with its Inspects.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- end }}
