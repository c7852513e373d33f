"""Measures tierflow: beside other stream processors, and by counts that a busy machine does not change.

`beside` runs tierflow and the peers in turn on the same topics and writes the report. `peers` holds the peers' sources.
What one system alone can be asked is in `streams/bench` (`tierflow bench`).
"""
