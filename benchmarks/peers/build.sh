# Builds a peer in Java, once, and again when a source is newer. A run.sh sources it, and says before:
#   peer   its folder here, and its folder in the cache
#   jar    one of its libraries: where that is there, all are
# The others share the Kafka Streams peer's event reader, state and output writer. Afterwards $classpath is what runs the
# peer, and $cache is its folder in the cache.
peers=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${PEERS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tierflow/peers}/$peer
classpath=$cache/classes:$cache/lib/*
own=$peers/$peer/src/peer
shared=$peers/kafka_streams/src/peer
if [ ! -d "$cache/classes" ] || [ -n "$(find "$own" "$shared" -newer "$cache/classes" -print -quit)" ]; then
  sources=("$own"/*.java)
  if [ "$own" != "$shared" ]; then
    sources+=("$shared"/{CustomerState,Event,EventDeserializer,Flags,Money,Stats,Tier,TierChange,TierChangeSerializer,Topics}.java)
  fi
  mkdir -p "$cache/lib"
  [ -f "$cache/lib/$jar" ] || mvn -q -B -f "$peers/$peer/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/lib" >&2
  rm -rf "$cache/classes" && mkdir -p "$cache/classes"
  javac --release 17 -cp "$cache/lib/*" -d "$cache/classes" "${sources[@]}"
fi
