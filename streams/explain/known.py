"""What is known of one customer: the newest committed state in the changelog, and the policy that rated it."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from aiokafka import TopicPartition

from streams.contracts.newest_change import merged_into
from streams.contracts.packing import LANE_KEY, ChangelogRecordError, unpack_lane, unpack_state
from streams.contracts.sealed import STATE
from streams.engine.state import CustomerState
from streams.errors import UsageError
from streams.kafka.keys import Keys
from streams.kafka.offsets import Offsets
from streams.kafka.partitioner import partition_of
from streams.kafka.permitted import check_rights
from streams.kafka.policies import KnownPolicies, read_known_policies
from streams.kafka.rates import rated_now
from streams.kafka.tape import Tape
from streams.kafka.topics import partition_count
from streams.policy.compile.load import load_published
from streams.policy.language.problems import PolicyError
from streams.policy.policy import MARK_BITS, Policy
from streams.sealing.cipher import SEALED
from streams.settings import Settings, read_policy_file
from streams.values.calendar import NEVER_MS

_MARK_DIGITS = MARK_BITS // 4


class Known(NamedTuple):
    """A customer's packed state, and what it takes to read it.

    clock_ms: the clock of the partition at its newest transaction, in epoch milliseconds.
    policy: the one that rated the customer last.
    in_force: the policy in force, if it is another one; by it the customer is rated next.
    """

    customer_id: str
    packed: bytes
    clock_ms: int
    policy: Policy
    in_force: Policy | None = None


async def read_known(settings: Settings, customer_id: str) -> Known:
    """Reads the customer's newest committed state, and the policies.

    Raises:
        UsageError: The customer is unknown or has no tier, the policy of the state is not to be found, or Kafka does
            not answer.
    """
    await check_rights(settings, "explain")
    partitions = await partition_count(settings, settings.changelog_topic)
    key, found = customer_id.encode(), None
    for number in _partitions_of(settings, key, partitions):
        newest = await _newest(settings, number, key)
        if key in newest:
            found = newest
    if found is None:
        raise UsageError(
            f"{settings.changelog_topic} knows no customer {customer_id}: no event that a worker could use has come; "
            "see tierflow dead-letters list"
        )
    packed = await _opened(settings, key, found[key], _partitions_of(settings, key, partitions))
    if packed is None:
        raise UsageError(
            f"{customer_id} was erased while the state was read; ask again once an event of this customer has come"
        )
    state = state_of(customer_id, packed)
    clock_ms = _clock_ms(found)
    policies = await read_known_policies(settings)
    policy = await rated_now(settings, _policy_of(state, policies.documents, settings))
    return Known(customer_id, packed, clock_ms, policy, _in_force(policies, policy, settings))


async def _opened(settings: Settings, key: bytes, packed: bytes, numbers: Collection[int]) -> bytes | None:
    """Opens a state that is sealed; gives None where the customer was erased since. numbers: where its key may be."""
    if packed[:1] != SEALED:
        return packed
    async with Keys(settings, numbers) as keys:
        return keys.unsealed(key, STATE, packed).value


def state_of(customer_id: str, packed: bytes) -> CustomerState:
    """Unpacks a fresh copy of the state.

    Raises:
        UsageError: The customer has no tier or was erased, or this release cannot read the state.
    """
    try:
        state = unpack_state(packed)
    except ChangelogRecordError as error:
        raise UsageError(str(error)) from error
    into = merged_into(state)
    if into is not None:
        raise UsageError(f"{customer_id} is a former id: its customer is {into} now; ask for that one")
    if state.tier is None and state.sequence:
        raise UsageError(
            f"{customer_id} was erased: all that is kept is that the next tier change is number {state.sequence + 1}; "
            "ask again once an event of this customer has come"
        )
    if state.tier is None:
        raise UsageError(
            f"{customer_id} has no tier: no transaction, balance, credit standing or loan has come, or it was erased; "
            "ask again once one of these has come, or see tierflow dead-letters list"
        )
    return state


def _clock_ms(found: Mapping[bytes, bytes]) -> int:
    if LANE_KEY not in found:
        return NEVER_MS
    try:
        return unpack_lane(found[LANE_KEY]).clock_ms
    except ChangelogRecordError as error:
        raise UsageError(str(error)) from error


def _partitions_of(settings: Settings, key: bytes, partitions: int) -> list[int]:
    if settings.partitioner == "none":
        return list(range(partitions))
    return [partition_of(key, partitions, settings.partitioner)]


async def _newest(settings: Settings, partition: int, key: bytes) -> dict[bytes, bytes]:
    """Reads one changelog partition: the newest committed record of the customer and the lane record, by key."""
    tp = TopicPartition(settings.changelog_topic, partition)
    options = settings.client_options()
    async with Offsets(options) as offsets:
        (begins_at,), (end,) = await offsets.beginnings([tp]), await offsets.decided_ends([tp])
    tape = Tape(options, tp, begins_at, end)
    newest: dict[bytes, bytes] = {}
    try:
        while (record := await tape.next()) is not None:
            if record.key in {key, LANE_KEY}:
                newest[record.key] = record.value
    finally:
        await tape.close()
    return {key: value for key, value in newest.items() if value is not None}


def _policy_of(state: CustomerState, documents: Mapping[str, str], settings: Settings) -> Policy:
    """Gives the policy whose mark the state carries, from `tier.policies` or else from the file of TIERFLOW_POLICY.

    documents: policy files by digest.
    """
    for digest, document in documents.items():
        if int(digest.removeprefix("sha256:")[:_MARK_DIGITS], 16) == state.policy_mark:
            return _compiled(document, digest, settings)
    policy = read_policy_file(settings.policy, "TIERFLOW_POLICY")
    if policy.mark != state.policy_mark:
        raise UsageError(
            f"the policy that rated this customer, sha256:{state.policy_mark:0{_MARK_DIGITS}x}…, is neither in "
            f"{settings.output_topic('policies')} nor the file {settings.policy}; set TIERFLOW_POLICY to it"
        )
    return policy


def _in_force(policies: KnownPolicies, policy: Policy, settings: Settings) -> Policy | None:
    digest = policies.in_force
    if digest is None or digest == policy.digest or digest not in policies.documents:
        return None
    return _compiled(policies.documents[digest], digest, settings)


def _compiled(document: str, digest: str, settings: Settings) -> Policy:
    try:
        return load_published(document)
    except PolicyError as error:
        raise UsageError(
            f"{settings.output_topic('policies')}, {digest}: {error}; explain with the tierflow version of the workers"
        ) from error
