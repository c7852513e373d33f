"""The list of stages: which topics each reads and writes, which changelog it has, and which Partition works it.

    bank.*  ->  customers  ->  tier.changes, tier.current, tier.campaigns, tier.risk, tier.erasures, tier.order,
                                                                                          tier.dead-letters
                    |
                    +->  {app id}-candidates  ->  budgets  ->  tier.campaigns

A stage is keyed state worked exactly once (docs/architecture.md#stages). `stage.py` says what makes one, `worked.py`
lists those of a worker, `sources.py` makes those of `tierflow intake`, and a lane takes any. How a stage is added:
CONTRIBUTING.md, "A stage".

What may live here: names of topics, transactional ids and outputs, and where keys are placed. What a stage computes
belongs in `partition`, what makes it run in `worker`.

May be imported here: `contracts`, `errors`, `intake`, `kafka`, `partition`, `policy`, `registry`, `settings`, `tables`,
`values`.
"""
