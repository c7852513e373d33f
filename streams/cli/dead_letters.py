"""`tierflow dead-letters list / replay`: shows inputs that could not be used, and sends them again after a fix."""

import asyncio
import sys
from collections import Counter, deque
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from streams.cli.output import counted, print_list, visible
from streams.errors import UsageError
from streams.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streams.kafka.dead_letters import Choice, Letter, Position
    from streams.kafka.redelivery import Preview

app = typer.Typer(help="Inputs that could not be used: show them, send them again.", no_args_is_help=True)

SHOWN = 100
COLUMNS = ("at", "topic", "partition", "offset", "reason", "key", "detail", "again")

Reason = Annotated[str | None, typer.Option(metavar="WORD", help="Only those of this reason, such as malformed.")]


class Listed(NamedTuple):
    """The chosen dead letters: the newest ones, which are shown, and counts over all of them.

    replayed: positions of all letters that were sent again. replayed_count: how many of the chosen ones were.
    erased_count: how many of the chosen ones are of customers who were erased since; they are shown blank.
    """

    newest: "deque[Letter]"
    reasons: Counter[str]
    replayed: "set[Position]"
    replayed_count: int
    erased_count: int


@app.command("list")
def list_letters(
    reason: Reason = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"The newest so many; the table has {SHOWN}, --json all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A letter a line, as it is in the topic.")] = False,
) -> None:
    """Show dead letters, oldest first, and count them by reason. Those sent again are marked, those of erased blank."""
    from streams.kafka.dead_letters import Choice
    from streams.logs import set_up_logging

    settings = Settings.from_environment()
    set_up_logging()
    choice = Choice(reason=reason)
    if as_json and limit is None:
        listed = asyncio.run(_read(settings, choice, 1, _write_json))
    else:
        listed = asyncio.run(_read(settings, choice, limit or SHOWN, None))
        _write_all(listed.newest) if as_json else _print_table(listed)
    typer.echo(_summary(listed), err=as_json)


@app.command()
def replay(  # noqa: PLR0913, PLR0917 - a command's options
    reason: Reason = None,
    topic: Annotated[str | None, typer.Option(help="Only those of this input topic.")] = None,
    partition: Annotated[int | None, typer.Option(min=0, help="Only those of this partition of the input.")] = None,
    offset: Annotated[int | None, typer.Option(min=0, help="Only that of this offset of the input.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask, on a terminal, before more than one is sent.")
    ] = False,
) -> None:
    """Send dead letters again, byte for byte, to the input topics they came from; each letter once.

    What still cannot be used comes back as a new dead letter. What is of before its customer's erase is left out.
    """
    from streams.kafka.dead_letters import Choice, extent
    from streams.kafka.permitted import check_rights
    from streams.kafka.redelivery import look_out, send_again
    from streams.logs import set_up_logging

    settings = Settings.from_environment()
    set_up_logging()
    choice = _checked(settings, Choice(reason, topic, partition, offset))
    asyncio.run(check_rights(settings, "dead-letters" if dry_run else "replay"))
    within = asyncio.run(extent(settings))
    preview = asyncio.run(look_out(settings, within, choice))
    count = preview.reasons.total()
    typer.echo(_preview_line(preview))
    if dry_run or not count:
        return
    if count > 1 and not yes and sys.stdin.isatty():
        typer.confirm(f"Send {_count(count)} again?", abort=True)
    sent, gone, erased = asyncio.run(send_again(settings, within, choice))
    typer.echo(f"sent {_count(sent)} again{_left_out(erased)}")
    if gone:
        raise UsageError(
            f"{_count(gone)} cannot be sent: the inputs are too large to be in their letters, and are gone from their "
            "topics, or in batches that are too large to be unpacked; their producer has to send them"
        )


def _checked(settings: Settings, choice: "Choice") -> "Choice":
    if choice.topic is not None and choice.topic not in settings.input_topics():
        *most, last = settings.input_topics()
        raise UsageError(f"--topic is {choice.topic!r}; write {', '.join(most)} or {last}")
    if choice.offset is not None and (choice.topic is None or choice.partition is None):
        raise UsageError("--offset alone names no input; write --topic and --partition too")
    return choice


def _summary(listed: Listed) -> str:
    again = f"; {listed.replayed_count:,} of them sent again" if listed.replayed_count else ""
    erased = f"; {listed.erased_count:,} of customers who were erased since" if listed.erased_count else ""
    return f"{_count(listed.reasons.total())}{_by_reason(listed.reasons)}{again}{erased}"


async def _read(settings: Settings, choice: "Choice", keep: int, write: "Callable[[Letter], None] | None") -> Listed:
    from streams.kafka.dead_letters import extent, read_letters, replayed_letters
    from streams.kafka.erasures import read_erasures
    from streams.kafka.permitted import check_rights
    from streams.kafka.redelivery import is_void

    await check_rights(settings, "dead-letters")
    within = await extent(settings)
    replayed, erasures = await replayed_letters(settings), await read_erasures(settings)
    newest: deque[Letter] = deque(maxlen=keep)
    reasons, replayed_count, erased_count = Counter[str](), 0, 0
    async with aclosing(read_letters(settings, within)) as letters:
        async for letter in letters:
            if not choice.takes(letter):
                continue
            reasons[letter.message.reason] += 1
            replayed_count += letter.position in replayed
            is_erased = is_void(settings, erasures, letter)
            erased_count += is_erased
            shown = letter.blank() if is_erased else letter
            newest.append(shown)
            if write is not None:
                write(shown)
    return Listed(newest, reasons, replayed, replayed_count, erased_count)


def _print_table(listed: Listed) -> None:
    if listed.newest:
        print_list(COLUMNS, (_cells(letter, listed) for letter in listed.newest), numbers={"partition", "offset"})
    total, shown = listed.reasons.total(), len(listed.newest)
    if shown < total:
        typer.echo(f"the newest {shown:,} of {total:,}; --limit shows more")


def _cells(letter: "Letter", listed: Listed) -> list[str]:
    message = letter.message
    place = [message.topic, str(message.partition), str(message.offset)]
    again = "yes" if letter.position in listed.replayed else ""
    return [message.at.replace("T", " "), *place, message.reason, _key_text(letter.key), _detail(letter), again]


def _detail(letter: "Letter") -> str:
    message = letter.message
    if letter.is_whole:
        return message.detail
    size = f", {message.value_bytes:,} bytes" if isinstance(message.value_bytes, int) else ""
    return f"{message.detail} (too large for a letter{size})"


def _key_text(key: bytes | None) -> str:
    if key is None:
        return "none"
    try:
        return key.decode()
    except UnicodeDecodeError:
        return f"0x{key.hex()}"


def _preview_line(preview: "Preview") -> str:
    count = preview.reasons.total()
    before = f"; {_count(preview.replayed)} sent again before" if preview.replayed else ""
    before += _left_out(preview.erased)
    if not count:
        return f"nothing to send again{before}"
    topics = ", ".join(f"{topic} {number:,}" for topic, number in sorted(preview.topics.items()))
    return f"{_count(count)} to send again{_by_reason(preview.reasons)}, to {topics}{before}"


def _left_out(erased: int) -> str:
    return f"; {_count(erased)} left out: of customers who were erased since" if erased else ""


def _by_reason(reasons: Counter[str]) -> str:
    listed = ", ".join(f"{visible(reason)} {count:,}" for reason, count in reasons.most_common())
    return f": {listed}" if listed else ""


def _count(number: int) -> str:
    return counted(number, "dead letter")


def _write_all(letters: "Iterable[Letter]") -> None:
    for letter in letters:
        _write_json(letter)


def _write_json(letter: "Letter") -> None:
    sys.stdout.buffer.write(letter.raw + b"\n")
