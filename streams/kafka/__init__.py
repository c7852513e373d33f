"""Kafka: the transport under Faust, the lanes with their transactions and changelog, topics, the local broker."""
