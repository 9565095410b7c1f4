{{- define "issuer.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "issuer.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end }}

{{- define "issuer.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "issuer.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "issuer.environment" -}}
- configMapRef:
    name: {{ .Release.Name }}
{{- end }}

{{- define "issuer.passfile" -}}
# libpq reads no password file that a group can read, which is what a volume gives.
- name: passfile
  image: {{ include "issuer.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [install, -m, "0600", /run/passport/secrets/pgpass, /run/passport/own/pgpass]
  securityContext:
    {{- include "issuer.security" . | nindent 4 }}
  resources:
    requests: {cpu: 10m, memory: 16Mi}
    limits: {memory: 32Mi}
  volumeMounts:
    {{- include "issuer.mounts" . | nindent 4 }}
{{- end }}

{{- define "issuer.mounts" -}}
- name: secrets
  mountPath: /run/passport/secrets
  readOnly: true
- name: own
  mountPath: /run/passport/own
- name: journal
  mountPath: /var/lib/passport
- name: tmp
  mountPath: /tmp
{{- end }}

{{- define "issuer.volumes" -}}
- name: secrets
  secret:
    secretName: {{ .Values.secret | quote }}
    defaultMode: 0440
- name: own
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end }}

{{- define "issuer.claims" -}}
- metadata:
    name: journal
  spec:
    accessModes: [ReadWriteOnce]
    {{- if .Values.journal.storageClass }}
    storageClassName: {{ .Values.journal.storageClass | quote }}
    {{- end }}
    resources:
      requests:
        storage: {{ .Values.journal.size | quote }}
{{- end }}
