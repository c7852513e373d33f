"""One batch of one partition, worked: records and the time in, all that one transaction writes out.

    decode -> work (fold, decide) -> pack -> [the lane commits] -> keep

`Partition` is what every stage is made of: keyed state, worked exactly once. `Customers` and `Budgets` are those of a
worker, `Intake` and `Accounts` those of `tierflow intake`. They do no I/O and read no clock: lanes, the audit,
`simulate` and the tests run these very classes.

Nothing here knows of Kafka's clients, of threads or of coroutines. A rule about a single customer belongs in `engine`.

May be imported here: `accounts`, `contracts`, `engine`, `intake`, `policy`, `sealing`, `values`.
"""
