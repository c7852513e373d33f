"""`tierflow watch`: follows tier changes."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from streams.contracts.changes import NextTier
from streams.settings import Settings

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {"upgrade": "bold green", "downgrade": "bold red", "initial": "cyan"}


class WatchedChange(msgspec.Struct, frozen=True):
    """What a line shows of a tier change."""

    customer_id: str
    direction: str
    previous_tier: str | None
    tier: str
    reason: str
    decided_at: str
    value: str | None
    currency: str
    next_tier: NextTier | None


_decode = msgspec.json.Decoder(WatchedChange).decode


def watch(
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="All changes so far first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A change a line, as it is in the topic.")] = False,
    customer: Annotated[str | None, typer.Option(help="This customer's alone.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many changes.")] = None,
) -> None:
    """Follow tier changes as they are committed; ctrl-C ends it."""
    from streams.logs import set_up_logging

    settings = Settings.from_environment()
    set_up_logging()
    try:
        asyncio.run(_watch(settings, from_beginning, customer, limit, _write_json if as_json else _printer()))
    except KeyboardInterrupt:
        return


async def _watch(
    settings: Settings, from_beginning: bool, customer: str | None, limit: int | None, write: Callable[[bytes], None]
) -> None:
    from streams.kafka.follow import follow

    topic = settings.output_topic("changes")
    key = None if customer is None else customer.encode()
    # On standard error: who reads the changes from a pipe learns from when on none can be missed.
    records = follow(
        settings,
        topic,
        from_beginning=from_beginning,
        on_start=lambda: typer.echo(f"watching {topic}; ctrl-C ends it", err=True),
    )
    written = 0
    async with aclosing(records):
        async for record in records:
            if record.value is None or key not in (None, record.key):
                continue
            write(record.value)
            written += 1
            if written == limit:
                return


def describe(value: bytes) -> "Text":
    """The tier change as one line for people: when, who, from and to, value, why, and what the next tier lacks."""
    from rich.text import Text

    try:
        change = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Text(f"a record that is no tier change: {error}", "dim")
    line = Text.assemble(
        (change.decided_at, "dim"),
        f"  {visible(change.customer_id):<12}  ",
        (f"{change.previous_tier or 'new'} -> {change.tier}", _STYLES.get(change.direction, "")),
        "" if change.value is None else f"  {change.value} {change.currency}",
        f"  {change.reason}",
    )
    if change.next_tier is not None:
        line.append(f"  {change.next_tier.missing} more for {change.next_tier.tier}", "dim")
    return line


def _printer() -> Callable[[bytes], None]:
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    return lambda value: console.print(describe(value))


def _write_json(value: bytes) -> None:
    sys.stdout.buffer.write(value + b"\n")
    sys.stdout.buffer.flush()


def visible(text: str) -> str:
    """The text without anything that a terminal would obey."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
