"""This package lets the author of a policy test it: events in words, time that passes, and what comes of them.

    rows of a table  ->  heard  ->  Simulation  ->  told  ->  held against the table

`instants.py` reads times in words. `heard.py` makes input events of words such as "balance 600000"; `told.py` says
output messages in words such as "low → mid (threshold_crossed)". `bank.py` is the way in: a `Bank` hears events under a
policy. `scenarios.py` reads tables and says where what happened differs from them.

Nothing here decides: it is the engine of the worker and of `tierflow simulate` that is asked. Users import
`tierflow.testing` (docs/policy-tests.md), which names what is for them; the fixtures of pytest are in `tierflow`, too.

May be imported here: `contracts`, `policy`, `simulate`, `values`.
"""
