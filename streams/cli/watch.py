"""`tierflow watch`: follows tier changes and, if asked to, campaign triggers, loan decisions and erasures."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import typer

from streams.cli.language import Lang, asked_language
from streams.cli.output import in_groups, visible
from streams.contracts.display import move_of, verdict_of, what_is_offered, why_decided
from streams.contracts.shown import decode_change, decode_erasure, decode_risk, decode_trigger
from streams.demo.styles import STYLES
from streams.settings import Settings

if TYPE_CHECKING:
    from rich.text import Text

    from streams.cli.followed import Named
    from streams.languages.words import Words

CHANGES, CAMPAIGNS, RISK, ERASURES = "changes", "campaigns", "risk", "erasures"
_KINDS = {
    CHANGES: "tier change",
    CAMPAIGNS: "campaign trigger",
    RISK: "loan decision or alert",
    ERASURES: "erasure",
}
Write = Callable[[str, bytes], Awaitable[None]]
"""Prints a record. The name is that of the output, such as changes."""


class Asked(NamedTuple):
    """What is to be followed, by the names of the outputs, and how far. needs_policies: for the names they give."""

    names: Sequence[str]
    from_beginning: bool
    customer: str | None
    limit: int | None
    needs_policies: bool


def watch(  # noqa: PLR0913, PLR0917 - a command's options
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="All so far first, but for what erases made void.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A record a line, as it is in the topic.")] = False,
    campaigns: Annotated[bool, typer.Option("--campaigns", help="Campaign triggers, too.")] = False,
    risk: Annotated[bool, typer.Option("--risk", help="Loan decisions and alerts, too.")] = False,
    erasures: Annotated[bool, typer.Option("--erasures", help="Who is to be forgotten, too.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="All of these.")] = False,
    customer: Annotated[str | None, typer.Option(help="This customer's alone.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
    lang: Lang = None,
) -> None:
    """Follow tier changes as they are committed; ctrl-C ends it.

    With --lang, in the words of a relationship manager.
    """
    from streams.logs import set_up_logging

    settings = Settings.from_environment()
    set_up_logging()
    asked_lang = asked_language(lang, as_json=as_json)
    asked = {CHANGES: True, CAMPAIGNS: campaigns, RISK: risk, ERASURES: erasures}
    names = [name for name, is_asked in asked.items() if is_asked or everything]
    write = _write_json if as_json else _printer() if asked_lang is None else _teller(settings, asked_lang)
    asked_for = Asked(names, from_beginning, customer, limit, needs_policies=asked_lang is not None)
    try:
        asyncio.run(_watch(settings, asked_for, write))
    except KeyboardInterrupt:
        return


async def _watch(settings: Settings, asked: Asked, write: Write) -> None:
    from streams.kafka.erasures import Erasures, read_erasures
    from streams.kafka.follow import follow
    from streams.kafka.keys import Keys
    from streams.kafka.permitted import check_rights
    from streams.kafka.rights.programs import reader

    needed = dict.fromkeys(asked.names)
    needed |= dict.fromkeys([ERASURES] if asked.from_beginning else [])
    needed |= dict.fromkeys(["policies"] if asked.needs_policies else [])
    await check_rights(settings, "reader", reader(settings, needed.keys()))
    erasures = await read_erasures(settings) if asked.from_beginning else Erasures()
    topics = {settings.output_topic(name): name for name in asked.names}
    key = None if asked.customer is None else asked.customer.encode()
    # `on_start` is called when no further record can be missed. It writes to standard error, so that a program that
    # reads a pipe from standard output gets records alone.
    records = follow(
        settings,
        list(topics),
        from_beginning=asked.from_beginning,
        on_start=lambda: typer.echo(f"watching {', '.join(topics)}; ctrl-C ends it", err=True),
    )
    written = 0
    async with Keys(settings) as keys, aclosing(records):
        async for record in records:
            if record.value is None or key not in (None, record.key):
                continue
            value = (await keys.opened(record)).value  # there is none of whom was erased since
            if value is None or erasures.void_output(record, value):
                continue
            await write(topics[record.topic], value)
            written += 1
            if written == asked.limit:
                return


def describe(name: str, value: bytes) -> "Text":
    """Writes a record of an output as one line for people. name: of the output, such as changes."""
    described = {
        CHANGES: _describe_change,
        CAMPAIGNS: _describe_trigger,
        RISK: _describe_risk,
        ERASURES: _describe_erasure,
    }[name]
    try:
        return described(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _no_such(name, error)


def tell(name: str, value: bytes, named: "Named", words: "Words") -> "Text":
    """Writes a record of an output as one line in a language. named: the names that its policy gives."""
    from rich.text import Text

    from streams.cli.followed import told

    try:
        of = told(name, value, named, words)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _no_such(name, error)
    line = Text.assemble((of.at, "dim"), f"  {visible(of.customer_id)}  ", (visible(of.what), STYLES.get(of.kind, "")))
    return line.append("".join(f"{words.clause}{visible(part)}" for part in of.more))


def _no_such(name: str, error: Exception) -> "Text":
    from rich.text import Text

    return Text(f"a record that is no {_KINDS[name]}: {error}", "dim")


def _describe_change(value: bytes) -> "Text":
    """Writes when, who, from which tier to which, the value, why, and what is missing to the next tier."""
    change = decode_change(value)
    line = _when_and_who(change.decided_at, change.customer_id)
    line.append(move_of(change), STYLES.get(change.direction, ""))
    line.append("" if change.value is None else f"  {in_groups(change.value)} {change.currency}")
    line.append(f"  {change.reason}")
    above = change.next_tier
    if above is not None and above.missing is not None and Decimal(above.missing) > 0:
        line.append(f"  {in_groups(above.missing)} more for {above.tier}", "dim")
    return line


def _describe_trigger(value: bytes) -> "Text":
    """Writes when, who, which campaign, and what is given or missing."""
    trigger = decode_trigger(value)
    line = _when_and_who(trigger.triggered_at, trigger.customer_id)
    return line.append("campaign ").append(trigger.campaign, "bold cyan").append(f"  {what_is_offered(trigger)}")


def _describe_risk(value: bytes) -> "Text":
    """Writes when, who, which loan, the verdict on it, how much, and why."""
    risk = decode_risk(value)
    line = _when_and_who(risk.decided_at, risk.customer_id)
    line.append(f"loan {visible(risk.loan_id)}: ").append(verdict_of(risk), STYLES.get(verdict_of(risk), ""))
    return line.append(f"  {in_groups(risk.amount)} {risk.currency}  {why_decided(risk)}".rstrip())


def _describe_erasure(value: bytes) -> "Text":
    """Writes when, who, and which tier changes are void since."""
    erasure = decode_erasure(value)
    line = _when_and_who(erasure.decided_at, erasure.customer_id).append("erased", STYLES["erased"])
    return line.append(f"  tier changes up to {erasure.last_sequence} are void" if erasure.last_sequence else "")


def _when_and_who(at: str, customer_id: str) -> "Text":
    from rich.text import Text

    return Text.assemble((at, "dim"), f"  {visible(customer_id):<12}  ")


def _printer() -> Write:
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)

    async def write(name: str, value: bytes) -> None:
        console.print(describe(name, value))

    return write


def _teller(settings: Settings, lang: str) -> Write:
    """Makes what prints records in a language, with the names of the policy by which each was decided."""
    from rich.console import Console

    from streams.cli.followed import NOTHING_NAMED, Named, digest_of, named_by
    from streams.kafka.policies import read_policies
    from streams.languages.known import LANGUAGES
    from streams.policy.compile.load import read_policy

    console, known = Console(soft_wrap=True, highlight=False), dict[str, Named]()

    async def write(name: str, value: bytes) -> None:
        digest = digest_of(value)
        if digest not in known:  # the first record, or another policy since
            for one, document in (await read_policies(settings)).items():
                file = read_policy(document, is_published=True).file
                known[one] = NOTHING_NAMED if file is None else named_by(file)
        console.print(tell(name, value, known.setdefault(digest, NOTHING_NAMED), LANGUAGES[lang]))

    return write


async def _write_json(_: str, value: bytes) -> None:
    sys.stdout.buffer.write(value + b"\n")
    sys.stdout.buffer.flush()
