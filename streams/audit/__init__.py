"""The audit: works the inputs again in the order of `tier.order`, and compares what the topics hold with the result.

    inputs, tier.order -> Order (the worker's own Partition) -> expected messages -> comparisons -> Report

`run.py` takes the cut (`cut.py`) and goes through the partitions. `partition.py` replays one partition of customers;
`outputs.py` holds its outputs against that, record by record (`comparison.py`) and the newest of each customer
(`current.py`). `following.py` replays a stage whose outputs follow from its input, such as budgets; `gathered.py`
compares outputs that several partitions write. `subjects.py` says what a record is about, `succession.py` which one was
to come next. `report.py` holds what was found.

The audit only reads. It has no rules of its own about tiers, campaigns or loans: what it expects, `partition` gives.
How a report is shown belongs in `cli`.

May be imported here: `contracts`, `errors`, `intake`, `kafka`, `partition`, `policy`, `sealing`, `settings`, `stages`,
`values`.
"""
