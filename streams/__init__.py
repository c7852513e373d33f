"""tierflow: real-time customer tiers for banks, on Kafka. Read docs/architecture.md, then partition/customers.py."""
