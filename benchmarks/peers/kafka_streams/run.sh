#!/bin/bash
# Build once, then run the Kafka Streams peer; every flag goes to peer.Main (see ../README.md).
set -eu
peer=kafka_streams jar=kafka-streams-4.3.1.jar
. "$(dirname "$0")/../build.sh"
exec java ${JAVA_OPTS:--Xms1g -Xmx1g -XX:+UseParallelGC} -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG:-error}" \
  -cp "$classpath" peer.Main --state-dir "$cache/state" "$@"
