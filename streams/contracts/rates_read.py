"""What was read of the topic of rates. Structs alone; see rates.py."""

from typing import NamedTuple

from streams.contracts.rejection import Rejection
from streams.policy.rates import RateTable


class RefusedRate(NamedTuple):
    """A record that holds no rate that can be used."""

    offset: int
    key: bytes | None
    value: bytes | None
    rejection: Rejection


class RatesRead(NamedTuple):
    """The rates, and the records that could not be used, in their order."""

    table: RateTable
    refused: tuple[RefusedRate, ...] = ()


NOTHING_READ = RatesRead(RateTable())
