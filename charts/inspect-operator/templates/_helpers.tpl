{{- define "inspect-operator.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "inspect-operator.labels" -}}
{{ include "inspect-operator.selector" . }}
{{ include "inspect-operator.about" . }}
{{- end }}

{{- define "inspect-operator.selector" -}}
app.kubernetes.io/name: inspect-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "inspect-operator.about" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* An image by its digest, else by its tag; from the one registry where there is one. Takes (list $ image). */ -}}
{{- define "inspect-operator.image" -}}
{{- $root := index . 0 }}
{{- $image := index . 1 }}
{{- $repository := $image.repository }}
{{- with $root.Values.registry }}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $repository "") }}
{{- end }}
{{- if $image.digest }}{{ $repository }}@{{ $image.digest }}{{ else }}{{ $repository }}:{{ $image.tag | default $root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- /* Whether something that may be "auto" is wanted: then where all namespaces are served. Takes (list $ value). */ -}}
{{- define "inspect-operator.wanted" -}}
{{- $value := index . 1 | toString }}
{{- if or (eq $value "true") (and (eq $value "auto") (not (index . 0).Values.watchNamespaces)) }}true{{ end }}
{{- end }}

{{- /* The rules of one part of files/rbac.yaml. Takes (list $ part). */ -}}
{{- define "inspect-operator.rules" -}}
{{- $root := index . 0 }}
{{- range get ($root.Files.Get "files/rbac.yaml" | fromYaml) (index . 1) }}
# {{ .why }}
- apiGroups: {{ toJson .apiGroups }}
  resources: {{ toJson .resources }}
  {{- if .checkRoles }}
  resourceNames: {{ include "inspect-operator.checkRoles" $root }}
  {{- else if .resourceNames }}
  resourceNames: {{ toJson .resourceNames }}
  {{- end }}
  verbs: {{ toJson .verbs }}
{{- end }}
{{- end }}
