"""Dead letters: a list without their bytes, and sending some again."""

import re
from collections import defaultdict
from collections.abc import Collection
from contextlib import aclosing
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from aiokafka.errors import KafkaError

from streams.console import given
from streams.console.answers.dead_letters import DeadLetter, DeadLetters, NotReplayed, ReplayBody, Replayed
from streams.console.asked import Asked, answer
from streams.console.refused import later
from streams.errors import UsageError
from streams.history.queries import LetterFound
from streams.kafka.dead_letters import Choice, Extent, Position, extent, read_letters, replayed_letters
from streams.kafka.erasures import read_erasures
from streams.kafka.offsets import Span
from streams.kafka.permitted import check_rights
from streams.kafka.redelivery import is_void, send_again
from streams.settings import Settings

_ID: Final = re.compile(r"([0-9]{1,6})-([0-9]{1,18})")
_NONE: Final = "there is no such dead letter"


def dead_letters_handler(asked: Asked) -> Handler:
    """Makes the handler: dead letters that were not sent again, the newest first."""

    async def dead_letters(request: web.Request) -> web.StreamResponse:
        asked.check_built()
        limit, after = given.limit(request), given.after(request, tuple[int, int, int])
        found, reasons = await asked.queries.letters(given.text(request, "reason"), limit + 1, after)
        page = found[:limit]
        following = None
        if len(found) > limit:
            last = page[-1]
            following = given.cursor((last.written_ms, last.partition, last.offset))
        return answer(DeadLetters(items=list(map(_letter, page)), next=following, reasons=reasons))

    return dead_letters


def _letter(found: LetterFound) -> DeadLetter:
    return DeadLetter(
        id=f"{found.partition}-{found.offset}",
        at=found.at,
        topic=found.topic,
        partition=found.input_partition,
        offset=found.input_offset,
        reason=found.reason,
        detail=found.detail,
    )


def replay_handler(asked: Asked) -> Handler:
    """Makes the handler: sends dead letters again, each once, as `tierflow dead-letters replay` does."""

    async def replay(request: web.Request) -> web.StreamResponse:
        ids = dict.fromkeys((await given.body(request, ReplayBody)).ids)
        try:
            return answer(await _replay(asked.settings, list(ids)))
        except (UsageError, KafkaError, TimeoutError) as error:
            raise later("Kafka did not take them all; what was sent is not sent twice. See the log.", 5) from error

    return replay


async def _replay(settings: Settings, ids: Collection[str]) -> Replayed:
    await check_rights(settings, "replay")
    places = {id_: (int(found[1]), int(found[2])) for id_ in ids if (found := _ID.fullmatch(id_)) is not None}
    refused = dict.fromkeys((id_ for id_ in ids if id_ not in places), _NONE)
    within = _narrowed(await extent(settings), places.values())
    why = await _not_to_send(settings, within, frozenset(places.values()))
    refused |= {id_: why[place] for id_, place in places.items() if place in why}
    wanted = frozenset(places.values()) - why.keys()
    replayed = 0
    if wanted:
        sent = await send_again(settings, within, Choice(positions=wanted))
        replayed = sent.sent
        if sent.gone or sent.erased:  # of inputs that were too large for their letters
            refused |= {
                id_: "its input is gone, or its customer was erased"
                for id_, place in places.items()
                if place in wanted - await replayed_letters(settings)
            }
    return Replayed(replayed=replayed, refused=[NotReplayed(id=id_, why=said) for id_, said in refused.items()])


def _narrowed(within: Extent, places: Collection[Position]) -> Extent:
    """Gives what has to be read for some letters: of each partition from the first to the last of them."""
    by_partition: dict[int, list[int]] = defaultdict(list)
    for partition, offset in places:
        by_partition[partition].append(offset)
    narrowed = []
    for tp, (beginning, end) in within:
        offsets = [offset for offset in by_partition.get(tp.partition, ()) if beginning <= offset < end]
        if offsets:
            narrowed.append((tp, Span(min(offsets), max(offsets) + 1)))
    return narrowed


async def _not_to_send(settings: Settings, within: Extent, wanted: frozenset[Position]) -> dict[Position, str]:
    """Says of letters that are not to be sent why not."""
    replayed, erasures = await replayed_letters(settings), await read_erasures(settings)
    why = dict.fromkeys(wanted, _NONE)
    async with aclosing(read_letters(settings, within)) as letters:
        async for letter in letters:
            if letter.position not in wanted:
                continue
            del why[letter.position]
            if letter.position in replayed:
                why[letter.position] = "it was sent again before"
            elif letter.message.topic not in settings.input_topics():
                why[letter.position] = "its topic is no input of these settings"
            elif letter.is_whole and is_void(settings, erasures, letter):
                why[letter.position] = "its customer was erased"
    return why
