"""This package holds the benchmarks: real worker processes on a real broker, measured from outside.

    stand (broker, topics, policy)  ->  workload, feed  ->  workers  ->  reading, live  ->  the figures as one struct

Each benchmark has a module of its own with one `measure_…` function: throughput, latency, recovery, memory, due,
deliver, which sends to `endpoint.py`. The other modules are what they share. docs/benchmarks.md says what the figures
mean.

Each run has its own app id and topics, and deletes the topics. A worker is watched through its topics, its log, its
metrics and /proc alone; nothing here imports `worker`. Options and output for people belong to `cli`.

May be imported here: `contracts`, `errors`, `kafka`, `metrics`, `partition`, `policy`, `sealing`, `settings`,
`signals`, `stages`, `values`.
"""
