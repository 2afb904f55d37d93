{{- /* Where a middleware listens, as host:port: in this release, or elsewhere. */ -}}
{{- define "dataservice.at" -}}
{{- if eq .middleware.kind "thirdParty" }}{{ .middleware.thirdParty.url }}{{ else }}{{ .middleware.name }}:{{ .port }}{{ end }}
{{- end }}

{{- /* A service starts once everything that it needs takes connections. */ -}}
{{- define "dataservice.wait" -}}
- name: wait
  image: {{ .Values.waitImage | quote }}
  command: [sh, -c]
  args:
    - |
      for at in {{ include "dataservice.at" (dict "middleware" .Values.mysql "port" 3306) }} {{ include "dataservice.at" (dict "middleware" .Values.uuc "port" 8080) }}; do
        until nc -z -w 2 "${at%:*}" "${at##*:}"; do echo "waiting for $at"; sleep 1; done
      done
{{- end }}
