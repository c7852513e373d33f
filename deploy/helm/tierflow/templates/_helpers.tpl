{{- define "tierflow.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tierflow.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "tierflow.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{/* What the pods of a component are chosen by. It may never change: (dict "root" $ "name" "worker") */}}
{{- define "tierflow.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{/* Of everything but pods: the version of the chart in a pod's labels would restart it for nothing. */}}
{{- define "tierflow.labels" -}}
{{ include "tierflow.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "tierflow.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tierflow.configMapName" -}}
{{- .source.configMap | default (printf "%s-%s" (include "tierflow.fullname" .root) .name) -}}
{{- end -}}

{{/* How a pod reaches Kafka, and as whom: (dict "root" $ "user" .Values.worker.kafkaUser) */}}
{{- define "tierflow.kafkaEnv" -}}
- {name: KAFKA_BOOTSTRAP_SERVERS, value: {{ .root.Values.kafka.bootstrapServers | quote }}}
- {name: KAFKA_SECURITY_PROTOCOL, value: {{ .root.Values.kafka.securityProtocol | quote }}}
{{- if hasPrefix "SASL" .root.Values.kafka.securityProtocol }}
- {name: KAFKA_SASL_MECHANISM, value: {{ .root.Values.kafka.saslMechanism | quote }}}
{{- end }}
{{- if .root.Values.kafka.ca.secret }}
- {name: KAFKA_SSL_CAFILE, value: /etc/tierflow/kafka-ca/ca.crt}
{{- end }}
{{- with .user }}
{{- if .username }}
- {name: KAFKA_SASL_USERNAME, value: {{ .username | quote }}}
{{- end }}
{{- if .password.secret }}
- name: KAFKA_SASL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .password.secret }}, key: {{ .password.key }}}}
{{- end }}
{{- if .certificate.secret }}
- {name: KAFKA_SSL_CERTFILE, value: /etc/tierflow/kafka-user/user.crt}
- {name: KAFKA_SSL_KEYFILE, value: /etc/tierflow/kafka-user/user.key}
{{- end }}
{{- if .token.audience }}
- {name: KAFKA_SASL_OAUTH_TOKEN_FILE, value: /etc/tierflow/kafka-token/token}
{{- end }}
{{- end }}
{{- end -}}

{{/* Directories, never single files (subPath): renewed certificates and tokens must reach a running pod. */}}
{{- define "tierflow.kafkaMounts" -}}
{{- if .root.Values.kafka.ca.secret }}
- {name: kafka-ca, mountPath: /etc/tierflow/kafka-ca, readOnly: true}
{{- end }}
{{- if .user.certificate.secret }}
- {name: kafka-user, mountPath: /etc/tierflow/kafka-user, readOnly: true}
{{- end }}
{{- if .user.token.audience }}
- {name: kafka-token, mountPath: /etc/tierflow/kafka-token, readOnly: true}
{{- end }}
{{- end -}}

{{- define "tierflow.kafkaVolumes" -}}
{{- with .root.Values.kafka.ca }}
{{- if .secret }}
- name: kafka-ca
  secret: {secretName: {{ .secret }}, defaultMode: 0440, items: [{key: {{ .key }}, path: ca.crt}]}
{{- end }}
{{- end }}
{{- with .user.certificate }}
{{- if .secret }}
- name: kafka-user
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items:
      - {key: {{ .certificateKey }}, path: user.crt}
      - {key: {{ .keyKey }}, path: user.key}
{{- end }}
{{- end }}
{{- with .user.token }}
{{- if .audience }}
- name: kafka-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {audience: {{ .audience | quote }}, expirationSeconds: {{ .expirationSeconds }}, path: token}
{{- end }}
{{- end }}
{{- end -}}

{{/*
The pod of a component: a dict with root, name, values (of the component), args, env (a list), port (a number), health
(the path of liveness), ready (the path of readiness), mounts and volumes (lists), ownDisk (a claim is its data folder).
*/}}
{{- define "tierflow.podSpec" -}}
{{- $kafka := dict "root" .root "user" .values.kafkaUser -}}
serviceAccountName: {{ include "tierflow.serviceAccount" .root }}
automountServiceAccountToken: false
# Kubernetes would set variables such as TIERFLOW_CONSOLE_PORT for services of such names, and they are settings.
enableServiceLinks: false
# As process 1 a program would have to reap what others leave behind; so the pod's own is that.
shareProcessNamespace: true
# A program ends within 20 s of SIGTERM by itself.
terminationGracePeriodSeconds: 30
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
containers:
  - name: {{ .name }}
    image: {{ include "tierflow.image" .root | quote }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args: {{ toJson .args }}
    env:
      {{- include "tierflow.kafkaEnv" $kafka | nindent 6 }}
      - {name: TIERFLOW_APP_ID, value: {{ .root.Values.appId | quote }}}
      - {name: TIERFLOW_INPUT_PREFIX, value: {{ .root.Values.inputPrefix | quote }}}
      - {name: TIERFLOW_OUTPUT_PREFIX, value: {{ .root.Values.outputPrefix | quote }}}
      - {name: TIERFLOW_PARTITIONER, value: {{ .root.Values.partitioner | quote }}}
      {{- with .env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- range $name, $value := merge (deepCopy .values.settings) .root.Values.settings }}
      - {name: {{ $name }}, value: {{ $value | quote }}}
      {{- end }}
    {{- with .values.settingsSecrets }}
    envFrom:
      {{- range . }}
      - secretRef: {name: {{ . }}}
      {{- end }}
    {{- end }}
    ports:
      - {name: http, containerPort: {{ .port }}}
    startupProbe:
      httpGet: {path: {{ .health }}, port: http}
      periodSeconds: 5
      timeoutSeconds: 3
      failureThreshold: 60
    livenessProbe:
      httpGet: {path: {{ .health }}, port: http}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 3
    readinessProbe:
      httpGet: {path: {{ .ready }}, port: http}
      periodSeconds: 5
      timeoutSeconds: 3
      failureThreshold: 2
    resources: {{- toYaml .values.resources | nindent 6 }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL]}
    volumeMounts:
      - {name: data, mountPath: /var/lib/tierflow}
      - {name: tmp, mountPath: /tmp}
      {{- include "tierflow.kafkaMounts" $kafka | trim | nindent 6 }}
      {{- with .mounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- range $number, $files := .values.secretFiles }}
      - {name: files-{{ $number }}, mountPath: {{ $files.mountPath }}, readOnly: true}
      {{- end }}
volumes:
  {{- if not .ownDisk }}
  # What a program writes there can be made again: the state is in Kafka.
  - {name: data, emptyDir: {sizeLimit: 2Gi}}
  {{- end }}
  - {name: tmp, emptyDir: {sizeLimit: 256Mi}}
  {{- include "tierflow.kafkaVolumes" $kafka | trim | nindent 2 }}
  {{- with .volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- range $number, $files := .values.secretFiles }}
  - {name: files-{{ $number }}, secret: {secretName: {{ $files.secret }}, defaultMode: 0440}}
  {{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "tierflow.selector" . | nindent 8 }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The token of HTTP, as an entry of env. */}}
{{- define "tierflow.httpToken" -}}
name: TIERFLOW_HTTP_TOKEN
valueFrom: {secretKeyRef: {name: {{ .Values.http.token.secret }}, key: {{ .Values.http.token.key }}}}
{{- end -}}

{{/* A drain takes one pod at a time; one that is not ready keeps no node from being drained. */}}
{{- define "tierflow.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "tierflow.fullname" .root }}-{{ .name }}
  labels: {{- include "tierflow.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "tierflow.selector" . | nindent 6 }}
{{- end -}}
