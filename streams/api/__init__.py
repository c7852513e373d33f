"""The HTTP side of a worker: customers, tiers, health, metrics and the console page."""
