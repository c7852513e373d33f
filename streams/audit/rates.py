"""The rates as workers knew them: `tier.order` says up to which offset the topic of rates had been read."""

from bisect import bisect_left
from collections.abc import Sequence

from msgspec.structs import replace

from streams.contracts.rates import take_rates
from streams.contracts.rates_read import NOTHING_READ, RatesRead
from streams.partition.entries import Record


class RatesThen:
    """What had been read of the topic at any offset. All partitions of an audit ask the same one."""

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self._records = records
        self._offsets = [record.offset for record in records]
        self._known = {0: NOTHING_READ}

    @property
    def begins_at(self) -> int:
        """Gives the offset of the first record that is left."""
        return self._offsets[0] if self._offsets else 0

    def until(self, offset: int) -> RatesRead:
        """Gives what the records before an offset say."""
        known = self._known.get(offset)
        if known is None:
            begun = max(before for before in self._known if before < offset)
            records = self._records[bisect_left(self._offsets, begun) : bisect_left(self._offsets, offset)]
            read = take_rates(self._known[begun], ((record.offset, record.key, record.value) for record in records))
            self._known[offset] = known = RatesRead(replace(read.table, next_offset=offset), read.refused)
        return known
