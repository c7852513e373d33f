"""This package writes the outputs to Parquet files, for questions over months (docs/analytics.md).

    tier.changes, tier.campaigns, tier.risk -> columns -> files -> customers, as of a day

`streams/tables` says which columns a table has; `columns.py` their types in Parquet. `files.py` is the folder: the
name of each file says which offsets are in it, so a run goes on where the one before ended, and each record is there
once, whenever a run is cut off. `erased.py` takes out what an erase has made void. `customers.py` makes the table of
all customers as of a day. `run.py` reads the topics, and does all of it.

Nothing here decides a tier: it writes what was decided.

May be imported here: `errors`, `kafka`, `settings`, `tables`, `values`.
"""
