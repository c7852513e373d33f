"""The rules: pure values in, pure values out. No I/O, no clock of its own, no Kafka."""
