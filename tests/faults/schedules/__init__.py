"""Random schedules of mixed faults on real brokers and real workers, and what must hold after each: `make faults`.

    plan -> stand (cluster, links, crew) -> faults while ledger and readers run -> healing -> anomalies -> results

A schedule is made of a seed alone (plan.py). Ten go on one after the other on one stand, each from what the one before
has left; after each, all that the stand has written is judged. The judges share no code with streams/: replay.py
recomputes every tier change from the inputs and the order of work, anomalies.py compares, with Jepsen's names for what
is wrong. After the last one the product's own audit judges them all, too.
"""
