"""What an erase has made void is taken out of the files that are there already (docs/privacy.md)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from streams.export.columns import TABLES
from streams.export.files import Folder
from streams.kafka.erasures import Erased
from streams.values.calendar import EPOCH


def take_out(folder: Folder, erased: Mapping[str, Erased]) -> int:
    """Rewrites the files that hold rows of these customers from before their erase; gives how many rows are gone."""
    gone, ids = 0, pa.array(erased, pa.string())
    for name, table in TABLES.items():
        for parts in folder.parts(name).values():
            for part in parts:
                there = pq.read_table(part.path, columns=["customer_id"])["customer_id"]
                if pc.any(pc.is_in(there, ids)).as_py():
                    rows = pq.read_table(part.path)
                    void = [is_void(row, table.time, erased) for row in rows.to_pylist()]
                    folder.put(part.path, rows.filter(pc.invert(pa.array(void, pa.bool_()))))
                    gone += sum(void)
    # Of days in the past: which customers there were is not told of the erased either.
    for path in (folder.path / "customers").glob("*.parquet"):
        rows = pq.read_table(path)
        void = [is_void(row, "since", erased) for row in rows.to_pylist()]
        if any(void):
            folder.put(path, rows.filter(pc.invert(pa.array(void, pa.bool_()))))
            gone += sum(void)
    return gone


def is_void(row: Mapping[str, Any], time: str, erased: Mapping[str, Erased]) -> bool:
    """Says whether a row is about somebody who was erased after it. time: the column that says when."""
    by = erased.get(row["customer_id"])
    if by is None:
        return False
    if "sequence" in row and "campaign" not in row:
        return by.voids_change(row["sequence"])
    return by.voids_caused(_ms(row.get("cause_occurred_at")), _ms(row[time]) or 0)


def _ms(time: datetime | None) -> int | None:
    return None if time is None else (time - EPOCH) // timedelta(milliseconds=1)
