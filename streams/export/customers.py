"""The table of all customers as of a day: the tier of each at the end of that day, by the bank's own days."""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from streams.export.columns import TABLES
from streams.export.files import Folder

_KEPT = ("customer_id", "sequence", "tier", "earned_tier", "decided_at", "value", "currency", "next_tier", "missing")
_OF_POLICY = ("policy_name", "policy_version", "policy_digest")


def write_customers(folder: Folder, as_of: date) -> int:
    """Writes `customers/{day}.parquet` from the tier changes in the folder; gives how many customers it has."""
    paths = [str(part.path) for parts in folder.parts("changes").values() for part in parts]
    schema = pa.schema([TABLES["changes"].schema.field(name) for name in (*_KEPT, *_OF_POLICY)])
    if not paths:
        table = schema.empty_table()
    else:
        changes = ds.dataset(paths, format="parquet")
        table = _newest(changes.to_table(list(schema.names), filter=pc.field("decided_on") <= as_of))
    names = {"decided_at": "since"}
    table = table.rename_columns([names.get(name, name) for name in table.column_names])
    folder.put(folder.path / "customers" / f"{as_of}.parquet", table)
    return int(table.num_rows)


def _newest(changes: pa.Table) -> pa.Table:
    """Gives the newest change of each customer, in the order of their ids."""
    newest = changes.group_by("customer_id").aggregate([("sequence", "max")])
    newest = newest.rename_columns({"sequence_max": "sequence"})
    return changes.join(newest, ["customer_id", "sequence"], join_type="inner").sort_by("customer_id")
