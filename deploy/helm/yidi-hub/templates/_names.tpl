{{- define "yidi.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}
{{- define "yidi.labels" -}}
app.kubernetes.io/name: yidi-hub
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "yidi.image" -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end }}
{{- /* The secret with the database's URL, as a file `url` */ -}}
{{- define "yidi.database" -}}
{{- if .Values.database.create -}}
secretName: {{ include "yidi.name" . }}-database-app # CloudNativePG makes it
items: [{key: uri, path: url}]
{{- else -}}
secretName: {{ .Values.database.secret.name }}
items: [{key: {{ .Values.database.secret.key | quote }}, path: url}]
{{- end }}
{{- end }}
{{- /* What no container of this chart may do */ -}}
{{- define "yidi.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
