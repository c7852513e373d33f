"""`tierflow deliver`: outputs sent on to HTTP endpoints, for systems that cannot read Kafka (docs/deliver.md)."""
