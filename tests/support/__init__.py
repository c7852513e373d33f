"""What several test modules use: real brokers and workers, histories of events, a second reckoning of the rules."""
