"""What one batch writes, by output."""

from collections import defaultdict
from collections.abc import Mapping

from streams.partition.work import Message, Work


def by_output(work: Work) -> Mapping[str, list[Message]]:
    """Gives the messages of each output by its name, in the order in which they were decided."""
    found: Mapping[str, list[Message]] = defaultdict(list)
    for output, message in work.messages:
        found[output].append(message)
    return found


def sent_to(work: Work, output: str) -> list[Message]:
    """Gives the messages of one output."""
    return [message for name, message in work.messages if name == output]
