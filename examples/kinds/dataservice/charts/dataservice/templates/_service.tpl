{{- /* One service: a Deployment and its Service. */ -}}
{{- define "dataservice.service" -}}
{{- $root := .root }}
{{- with .service }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
spec:
  replicas: {{ .replica }}
  selector:
    matchLabels: {app.kubernetes.io/instance: {{ $root.Release.Name }}, app.kubernetes.io/component: {{ .name }}}
  template:
    metadata:
      labels: {app.kubernetes.io/instance: {{ $root.Release.Name }}, app.kubernetes.io/component: {{ .name }}}
    spec:
      automountServiceAccountToken: false
      {{- if $.waits }}
      initContainers: {{- include "dataservice.wait" $root | nindent 8 }}
      {{- end }}
      containers:
        - name: service
          image: {{ .image | quote }}
          ports:
            - {name: main, containerPort: {{ .port }}}
          env:
            - {name: PORT, value: {{ .port | quote }}}
            {{- range $name, $value := .env }}
            - {name: {{ $name }}, value: {{ $value | quote }}}
            {{- end }}
          readinessProbe:
            tcpSocket: {port: main}
            periodSeconds: 2
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
spec:
  type: {{ ternary "NodePort" "ClusterIP" (hasKey . "nodePort") }}
  selector: {app.kubernetes.io/instance: {{ $root.Release.Name }}, app.kubernetes.io/component: {{ .name }}}
  ports:
    - name: main
      port: {{ .port }}
      {{- with .nodePort }}
      nodePort: {{ . }}
      {{- end }}
{{- end }}
{{- end }}
