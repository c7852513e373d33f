"""The list of stages: which topics each reads and writes, which changelog it has, and which Partition works it.

    bank.*  ->  customers  ->  tier.changes, tier.current, tier.campaigns, tier.risk, tier.order, tier.dead-letters
                    |
                    +->  {app id}-candidates  ->  budgets  ->  tier.campaigns

A stage is keyed state worked exactly once (docs/architecture.md#stages). `stage.py` says what makes one, `worked.py`
lists them; the worker and the audit take any. A further stage is a subclass of Partition, a function here that names
its topics, and its tests.

What may live here: names of topics, transactional ids and outputs, and where keys are placed. What a stage computes
belongs in `partition`, what makes it run in `worker`.

May be imported here: `contracts`, `kafka`, `partition`, `policy`, `settings`, `values`.
"""
