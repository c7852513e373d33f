"""Random schedules of mixed faults on real brokers and real workers, and what must hold after each: `make faults`.

    plan -> ground (cluster, links, crew) -> faults while ledger and readers run -> healing -> anomalies -> results

A schedule is made of a seed alone (plan.py). The judges share no code with streams/: replay.py recomputes every tier
change from the inputs and the order of work, anomalies.py compares, with Jepsen's names for what is wrong.
"""
