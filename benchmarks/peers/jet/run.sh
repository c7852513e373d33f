#!/bin/bash
# Build once, then run the Hazelcast Jet peer; every flag goes to peer.JetMain (see ../README.md). Shares ../kafka_streams/src as flink/ does.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../kafka_streams/src/peer
cache=${PEERS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tierflow/peers}/jet
if [ ! -d "$cache/classes" ] || [ -n "$(find "$here/src" "$shared" -newer "$cache/classes" -print -quit)" ]; then
  mkdir -p "$cache/lib"
  [ -f "$cache/lib/hazelcast-5.6.0.jar" ] || mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/lib" >&2
  rm -rf "$cache/classes" && mkdir -p "$cache/classes"
  javac --release 17 -cp "$cache/lib/*" -d "$cache/classes" "$here"/src/peer/*.java \
    "$shared"/{CustomerState,Event,EventDeserializer,Flags,Money,Stats,Tier,TierChange,TierChangeSerializer,Topics}.java
fi
exec java ${JAVA_OPTS:--Xms1g -Xmx1g -XX:+UseParallelGC} -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG:-error}" -cp "$cache/classes:$cache/lib/*" \
  --add-modules java.se --add-exports java.base/jdk.internal.ref=ALL-UNNAMED --add-opens java.base/java.lang=ALL-UNNAMED \
  --add-opens java.base/sun.nio.ch=ALL-UNNAMED --add-opens java.management/sun.management=ALL-UNNAMED \
  --add-opens jdk.management/com.sun.management.internal=ALL-UNNAMED peer.JetMain "$@"
