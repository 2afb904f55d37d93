{{- /* What the operator's pod needs to serve the site's own kinds; nothing where there are none. */ -}}
{{- define "inspect-operator.kinds.env" -}}
{{- if .Values.kinds.watches }}
- {name: INSPECT_OPERATOR_WATCHES, value: /etc/inspect-operator/kinds/watches.yaml}
{{- end }}
{{- with .Values.kinds.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "inspect-operator.kinds.mounts" -}}
{{- if .Values.kinds.watches }}
- {name: kinds, mountPath: /etc/inspect-operator/kinds, readOnly: true}
{{- end }}
{{- if .Values.kinds.volume }}
- {name: charts, mountPath: /etc/inspect-operator/charts, readOnly: true}
{{- end }}
{{- end }}

{{- define "inspect-operator.kinds.volumes" -}}
{{- if .Values.kinds.watches }}
- name: kinds
  configMap: {name: {{ include "inspect-operator.name" . }}-kinds}
{{- end }}
{{- with .Values.kinds.volume }}
- {{ toYaml (merge (dict "name" "charts") .) | nindent 2 | trim }}
{{- end }}
{{- end }}
