#!/bin/bash
# Build once, then run the Flink peer; every flag goes to peer.FlinkMain (see ../README.md). It shares the Kafka Streams
# peer's event reader, state and output writer, so ../kafka_streams/src must be there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../kafka_streams/src/peer
cache=${PEERS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tierflow/peers}/flink
if [ ! -d "$cache/classes" ] || [ -n "$(find "$here/src" "$shared" -newer "$cache/classes" -print -quit)" ]; then
  mkdir -p "$cache/lib"
  [ -f "$cache/lib/flink-core-2.2.1.jar" ] || mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/lib" >&2
  rm -rf "$cache/classes" && mkdir -p "$cache/classes"
  javac --release 17 -cp "$cache/lib/*" -d "$cache/classes" "$here"/src/peer/*.java \
    "$shared"/{CustomerState,Event,EventDeserializer,Flags,Money,Stats,Tier,TierChange,TierChangeSerializer,Topics}.java
fi
exec java ${JAVA_OPTS:--Xms1g -Xmx1g -XX:+UseParallelGC} -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG:-error}" \
  --add-opens java.base/java.util=ALL-UNNAMED --add-opens java.base/java.lang=ALL-UNNAMED \
  -cp "$cache/classes:$cache/lib/*" peer.FlinkMain --state-dir "$cache/state" "$@"
