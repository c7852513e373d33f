"""What a partition of customers needs to know besides its records. All of it is handed in. Structs alone."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from streams.contracts.letters import RECORD_BYTES
from streams.contracts.rates_read import RefusedRate
from streams.policy.policy import Policy
from streams.values.calendar import Clock
from streams.values.fingerprint import REMEMBERED_AT_LEAST


class PartitionSetup(NamedTuple):
    """The rules and the place of one partition of customers."""

    partition: int
    policy: Policy
    clock: Clock
    topics: Sequence[str]  # the real names of the input topics, by topic number
    source: str  # ce_source of the messages
    owns: Callable[[bytes], bool]  # whether the partitioner puts a key into this partition
    # How far events may be ahead of the newest time so far, where there is no wall clock; None: there is one.
    ahead_ms: int | None = None
    # Whether tier.current is told every change, at once, and not only the newest of a batch.
    tells_each_current: bool = False
    # Whether all customers are here, so that what a merge hands on is worked at once, and no topic has it.
    is_alone: bool = False
    letter_bytes: int = RECORD_BYTES  # the largest record that the topic of dead letters takes
    remembered_ids: int = REMEMBERED_AT_LEAST  # so many events of a customer and topic at least
    # What else decides, as tier.order notes it: the partitioner of `owns`, and the version of the time zone data.
    partitioner: str | UnsetType = UNSET
    tzdata: str | UnsetType = UNSET
    rates_topic: str = ""  # its real name
    refused_rates: Sequence[RefusedRate] = ()  # what of it could not be used
    # Whether to look at those who have other currencies, as the log says; None: by what is known.
    looks: bool | None = None
