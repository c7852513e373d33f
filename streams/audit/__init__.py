"""The audit: replays the inputs in the order of `tier.order`, and holds what was written against what should be there.

run.py takes the cut and goes through the partitions; replay.py works one partition anew with the worker's own
Partition; comparison.py and current.py hold its outputs against the topics; report.py says what was found.
"""
