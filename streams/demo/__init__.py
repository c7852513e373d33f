"""The demo: a small bank that lives on this machine, with a real Kafka, a real worker and a live view of tiers."""
