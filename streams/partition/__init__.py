"""One batch of one partition, worked: records and the time in, all that one transaction writes out.

    decode -> work (fold, decide) -> pack -> [the lane commits] -> keep

`Partition` is what every stage is made of: keyed state, worked exactly once. `Customers` and `Budgets` are the two
there are. They do no I/O and read no clock: the worker's lane, the audit, `simulate` and the tests run these very
classes.

Nothing here knows of Kafka's clients, of threads or of coroutines. A rule about a single customer belongs in `engine`.

May be imported here: `contracts`, `engine`, `intake`, `policy`, `sealing`, `values`.
"""
