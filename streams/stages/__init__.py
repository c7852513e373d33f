r"""The stages there are: which topics each reads and writes, where its state is kept, and what its partitions are.

    bank.*  ->  customers  ->  tier.changes, tier.current, tier.campaigns, tier.risk, tier.order, tier.dead-letters
                    \\->  candidates  ->  budgets  ->  tier.campaigns

A stage is keyed state worked exactly once. `stage.py` says what makes one; the worker and the audit take any. A further
stage is a Partition class, a function here that names its topics, and its tests.

May be imported here: `partition`, `kafka`, `settings`. Nothing here runs.
"""
