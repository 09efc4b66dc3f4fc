{{- define "yidi.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}
{{- define "yidi.labels" -}}
app.kubernetes.io/name: yidi-hub
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "yidi.image" -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end }}
{{- /* What no container of this chart may do */ -}}
{{- define "yidi.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
