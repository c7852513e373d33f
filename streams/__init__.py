"""tierflow: real-time customer tiers for banks, on Kafka. Read docs/architecture.md, then partition/customers.py."""

from streams.compiled import use_compiled

use_compiled()
