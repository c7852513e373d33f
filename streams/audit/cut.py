"""The cut: what is read of every topic, consistent although workers go on; and a first look at `tier.order`.

The ends are taken in this sequence:

1. The states of the customers. Their transactions lie before the end of `tier.order`, or soon after it.
2. The end of `tier.order`: each transaction before is committed or aborted, and these are audited.
3. The states of the budgets: what was granted from candidates that they have seen lies before the ends of the outputs.
4. The ends of the outputs and inputs, open transactions included: what the audited transactions wrote lies before.
5. The ends of the candidates.
6. The end of `tier.order` again: transactions up to there may have written what else lies before the other ends.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aiokafka import TopicPartition
from msgspec import UNSET

from streams.audit.following import states_of
from streams.audit.opened import Opener
from streams.audit.order import check_replayable, order_of
from streams.audit.start import Begun, Start
from streams.audit.states import Snapshot, read_states, snapshot
from streams.contracts.outputs import GrownMessage
from streams.errors import UsageError
from streams.kafka.offsets import Offsets, Span
from streams.kafka.policies import read_policies
from streams.kafka.tape import Tape
from streams.policy.compile.load import load_published
from streams.policy.language.problems import PolicyError
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.stages.budgets import budgets_stage
from streams.values.events import TOPICS

OUTPUTS = ("order", "changes", "campaigns", "risk", "erasures", "dead-letters", "current")


class Cut(NamedTuple):
    """All that is read of one partition number."""

    partition: int
    outputs: Mapping[str, Span]  # by the names of OUTPUTS
    inputs: Sequence[Span]  # by topic number
    candidates: Span
    states: Snapshot  # of the customers
    budgets: Snapshot
    # Transactions whose order record lies before this offset, and the next one, may have candidates in the cut.
    asked_until: int
    begun: Begun | None = None  # the starting point, where the audit does not begin with the log


class Survey(NamedTuple):
    """What a first look at a partition's order records tells: how much to replay, where its inputs begin and end."""

    transactions: int
    offsets: int  # of all inputs together
    first_offsets: Sequence[int]  # by topic number
    next_offsets: Sequence[int]  # by topic number
    digests: frozenset[str]  # of the policies
    grown: Sequence[GrownMessage] = ()  # where customers moved to and from it


async def take_cut(  # noqa: PLR0913, PLR0917 - where all is read, and how much of it
    settings: Settings,
    offsets: Offsets,
    opener: Opener,
    partitions: Sequence[int],
    only: bytes | None = None,
    start: Start | None = None,
) -> list[Cut]:
    """Gives the cuts of these partitions. The ends are taken in the sequence that makes them consistent.

    opener: gives states in the clear. only: the key of the one customer who is audited; None for all. start: where to
    begin; None: with the log.

    Raises:
        UsageError: What came after the starting point was deleted.
    """
    order = [output(settings, "order", number) for number in partitions]
    outputs = [output(settings, name, number) for name in OUTPUTS[1:] for number in partitions]
    inputs = [TopicPartition(topic, number) for topic in settings.input_topics() for number in partitions]
    candidates = [TopicPartition(settings.candidates_topic, number) for number in partitions]
    rest = [*outputs, *inputs, *candidates]
    options, changelog, budgets = settings.client_options(), settings.changelog_topic, budgets_stage(settings)
    states = []
    for number in partitions:
        recovered = await read_states(options, offsets, changelog, number)
        await opener.look()
        states.append(snapshot(changelog, number, recovered, only, opener.state))
    order_ends = await offsets.decided_ends(order)
    granted = [await states_of(options, offsets, budgets, number) for number in partitions]
    ends = [*order_ends, *await offsets.written_ends([*outputs, *inputs]), *await offsets.written_ends(candidates)]
    asked = await offsets.written_ends(order)
    beginnings = await offsets.beginnings([*order, *rest])
    await opener.look()  # what lies before the ends was sealed by then
    spans = dict(zip([*order, *rest], map(Span, beginnings, ends), strict=True))
    cuts = [
        Cut(
            number,
            {name: spans[output(settings, name, number)] for name in OUTPUTS},
            [spans[TopicPartition(topic, number)] for topic in settings.input_topics()],
            spans[tp],
            of_customers,
            of_budgets,
            asked_until,
        )
        for number, tp, of_customers, of_budgets, asked_until in zip(
            partitions, candidates, states, granted, asked, strict=True
        )
    ]
    return cuts if start is None else [_from(settings, cut, start.partitions[cut.partition]) for cut in cuts]


def _from(settings: Settings, cut: Cut, begun: Begun) -> Cut:
    """Gives the cut from a starting point on."""
    topic = settings.output_topic("order")
    if cut.outputs["order"].beginning > begun.ends[topic]:
        raise UsageError(
            f"{topic} partition {cut.partition} begins at offset {cut.outputs['order'].beginning}, the starting point "
            f"is at {begun.ends[topic]}: what lies between was deleted; begin at a later one"
        )
    outputs = {
        name: Span(max(span.beginning, begun.ends[settings.output_topic(name)]), span.end)
        for name, span in cut.outputs.items()
    }
    # Candidates that waited for their budget at the starting point are worked, too.
    position = 0 if begun.budgets_lane is None else begun.budgets_lane.next_offsets[0]
    candidates = Span(max(cut.candidates.beginning, position), cut.candidates.end)
    return cut._replace(outputs=outputs, candidates=candidates, begun=begun)


def output(settings: Settings, name: str, partition: int) -> TopicPartition:
    """Gives a partition of an output topic. name: the topic's name without prefix."""
    return TopicPartition(settings.output_topic(name), partition)


async def survey(settings: Settings, cut: Cut) -> Survey:
    """Looks through the order records of a partition.

    Raises:
        UsageError: The partition cannot be replayed; the message says why.
    """
    tp = output(settings, "order", cut.partition)
    numbers = {topic: number for number, topic in enumerate(settings.input_topics())}
    firsts: list[int | None] = [None] * len(TOPICS) if cut.begun is None else [*cut.begun.lane.next_offsets]
    nexts = [span.beginning for span in cut.inputs] if cut.begun is None else [*cut.begun.lane.next_offsets]
    digests, grown = set(), list[GrownMessage]()
    transactions = offsets = 0
    tape = Tape(settings.client_options(), tp, *cut.outputs["order"], bare=True)
    try:
        while (record := await tape.next()) is not None:
            order = order_of(record)
            if order is None:
                continue
            check_replayable(settings, order, record.offset)
            if order.grown is not UNSET:
                grown.append(order.grown)
                continue
            transactions += 1
            digests.add(order.policy)
            for topic, (first, after) in order.positions.items():
                number = numbers[topic]
                offsets += after - first
                nexts[number] = after
                if firsts[number] is None:
                    firsts[number] = first
    finally:
        await tape.close()
    begun = [span.beginning if first is None else first for span, first in zip(cut.inputs, firsts, strict=True)]
    found = Survey(transactions, offsets, begun, nexts, frozenset(digests), grown)
    _check_complete(settings, cut, found)
    return found


def _check_complete(settings: Settings, cut: Cut, found: Survey) -> None:
    order = cut.outputs["order"]
    if order.beginning > 0 and found.transactions and cut.begun is None:
        raise UsageError(
            f"{settings.output_topic('order')} partition {cut.partition} begins at offset {order.beginning}: what was "
            "worked before was deleted, so the state cannot be rebuilt and nothing was audited; keep that topic as "
            "long as the audit is to reach back (retention.ms), or begin at a starting point (--start)"
        )
    if not found.transactions:
        return
    spans = zip(settings.input_topics(), cut.inputs, found.first_offsets, found.next_offsets, strict=True)
    for topic, span, first, after in spans:
        where = f"{topic} partition {cut.partition}"
        if span.beginning > first:
            raise UsageError(
                f"{where} reaches back to offset {span.beginning}, the work began at {first}: inputs were deleted, so "
                "the state cannot be rebuilt and nothing was audited; keep the inputs as long as the audit is to reach "
                "back (retention.ms)"
            )
        if span.end < after:
            raise UsageError(
                f"{where} ends at offset {span.end}, and was worked up to {after}: it was cut or made anew since; "
                "restore it, or audit with the prefixes of the topics that were worked"
            )


async def policies_of(settings: Settings, digests: frozenset[str]) -> dict[str, Policy]:
    """Gives policies by digest, from `tier.policies` or, if one is not there, the file of TIERFLOW_POLICY.

    Raises:
        UsageError: A policy is in neither of them, or cannot be used.
    """
    documents = await read_policies(settings)
    policies = {digest: _compiled(document, digest) for digest, document in documents.items() if digest in digests}
    if digests - policies.keys():
        policy = _compiled(settings.policy.read_text(encoding="utf-8"), f"TIERFLOW_POLICY, {settings.policy}")
        policies[policy.digest] = policy
    unknown = sorted(digests - policies.keys())
    if unknown:
        raise UsageError(
            f"{settings.output_topic('order')} names the policy {unknown[0]}, which is neither in "
            f"{settings.output_topic('policies')} nor in the file {settings.policy}; set TIERFLOW_POLICY to that policy"
        )
    return policies


def _compiled(document: str, where: str) -> Policy:
    try:
        return load_published(document)
    except PolicyError as error:
        raise UsageError(f"{where}: {error}") from error
