#!/bin/bash
# Build once, then run the Flink peer; every flag goes to peer.FlinkMain (see ../README.md). It shares the Kafka Streams
# peer's event reader, state and output writer.
set -eu
peer=flink jar=flink-core-2.2.1.jar
. "$(dirname "$0")/../build.sh"
exec java ${JAVA_OPTS:--Xms1g -Xmx1g -XX:+UseParallelGC} -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG:-error}" \
  --add-opens java.base/java.util=ALL-UNNAMED --add-opens java.base/java.lang=ALL-UNNAMED \
  -cp "$classpath" peer.FlinkMain --state-dir "$cache/state" "$@"
