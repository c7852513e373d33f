#!/bin/bash
# Build once, then run the Kafka Streams peer; every flag goes to peer.Main (see ../README.md).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${PEERS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tierflow/peers}/kafka_streams
if [ ! -d "$cache/classes" ] || [ -n "$(find "$here/src" -newer "$cache/classes" -print -quit)" ]; then
  mkdir -p "$cache/lib"
  [ -f "$cache/lib/kafka-streams-4.3.1.jar" ] || mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/lib" >&2
  rm -rf "$cache/classes" && mkdir -p "$cache/classes"
  javac --release 17 -cp "$cache/lib/*" -d "$cache/classes" "$here"/src/peer/*.java
fi
exec java ${JAVA_OPTS:--Xms1g -Xmx1g -XX:+UseParallelGC} -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG:-error}" \
  -cp "$cache/classes:$cache/lib/*" peer.Main --state-dir "$cache/state" "$@"
