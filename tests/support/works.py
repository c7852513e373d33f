"""A batch that was worked, as tests look at it and damage it."""

from collections import Counter
from collections.abc import Callable, Sequence

from streams.partition.outputs import sent_to
from streams.partition.work import ORDER, Message, Work


def with_output(work: Work, output: str, messages: Sequence[Message]) -> Work:
    """The same batch, with other messages to an output, which come last."""
    others = [told for told in work.messages if told[0] != output]
    return work._replace(messages=[*others, *((output, message) for message in messages)])


def damaged(output: str, damage: Callable[[list[Message]], Sequence[Message]]) -> Callable[[Work], Work]:
    """What damages the messages of one output."""
    return lambda work: with_output(work, output, damage(sent_to(work, output)))


def order_of(work: Work) -> bytes:
    """The record of the order of work."""
    [order] = sent_to(work, ORDER)
    return order.value or b""


def counted(work: Work, metric: str) -> Counter[tuple[str, ...]]:
    """What was counted under a metric, by its labels."""
    return Counter({tuple(labels): count for (name, *labels), count in work.tally.items() if name == metric})
