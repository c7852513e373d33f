"""The benchmarks: real workers on a real broker, each with topics and an app id of its own."""
