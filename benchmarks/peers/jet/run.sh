#!/bin/bash
# Build once, then run the Hazelcast Jet peer; every flag goes to peer.JetMain (see ../README.md). Shares ../kafka_streams/src as flink/ does.
set -eu
peer=jet jar=hazelcast-5.6.0.jar
. "$(dirname "$0")/../build.sh"
exec java ${JAVA_OPTS:--Xms1g -Xmx1g -XX:+UseParallelGC} -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG:-error}" -cp "$classpath" \
  --add-modules java.se --add-exports java.base/jdk.internal.ref=ALL-UNNAMED --add-opens java.base/java.lang=ALL-UNNAMED \
  --add-opens java.base/sun.nio.ch=ALL-UNNAMED --add-opens java.management/sun.management=ALL-UNNAMED \
  --add-opens jdk.management/com.sun.management.internal=ALL-UNNAMED peer.JetMain "$@"
