"""`tierflow policy check / publish / list`: checks a policy file, puts it in force, lists the policies known."""

import asyncio
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from streams.cli.examples import epilog
from streams.cli.language import Lang, asked_language
from streams.errors import UsageError
from streams.languages.said import Said, say

if TYPE_CHECKING:
    from streams.kafka.policies import KnownPolicies
    from streams.policy.check.found import Finding
    from streams.policy.policy import Policy
    from streams.settings import Settings

Tell = Callable[[str], str]
"""Tells a sentence in the language that was asked for."""
# So many records are worked under two policies in half a minute; more, where it is asked for.
MOST_WORKED = 500_000


class WhoMoves(NamedTuple):
    """Whom another policy would move: by which inputs, and in which language it is told."""

    settings: "Settings"
    before: "Policy"
    after: "Policy"
    lang: str | None


app = typer.Typer(help="The rules: check a policy file, put it in force, list those known.", no_args_is_help=True)


@app.callback()
def _policy() -> None:
    """The rules as files (docs/policies.md)."""


@app.command(epilog=epilog("policy check"))
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy file.")], lang: Lang = None) -> None:
    """Say what is wrong with a policy file, line and field, or what it does; exit status 1 if it cannot be used."""
    from streams.policy.check.check import check as check_policy
    from streams.policy.check.sentences import in_words

    tell = _teller(lang)
    report = check_policy(_text_of(file))
    for finding in report.errors:
        typer.echo(tell(finding_line(file, finding)))
    for finding in report.warnings:
        typer.echo(tell(finding_line(file, finding, is_warning=True)))
    if report.policy is None or report.file is None:
        errors = len(report.errors)
        more = say("{errors} errors; the policy cannot be used", errors=f"{errors:,}")
        typer.echo(tell(say("1 error; the policy cannot be used") if errors == 1 else more))
        raise typer.Exit(1)
    for paragraph in in_words(report.policy, report.file):
        typer.echo(tell(paragraph))


@app.command(epilog=epilog("policy publish"))
def publish(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy file.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    without_currency: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="This currency is to lose its rate. Once for each.")
    ] = None,
    moves: Annotated[
        bool | None,
        typer.Option(
            "--moves/--no-moves",
            help="Say who would move, or do not; else it is said where the inputs hold up to 500,000 records.",
        ),
    ] = None,
    lang: Lang = None,
) -> None:
    """Put a policy in force, for all workers, between two batches; every customer is rated anew by it.

    It says what would change against the policy in force, and who would move by what the inputs hold; and asks.
    """
    from streams.kafka.policies import publish_policy
    from streams.kafka.rates import rated_now
    from streams.policy.check.check import check as check_policy
    from streams.settings import Settings

    tell = _teller(lang)
    report = check_policy(_text_of(file))
    if report.policy is None:
        for finding in report.errors:
            typer.echo(tell(finding_line(file, finding)), err=True)
        raise UsageError(f"{file} cannot be used and was not published; mend what is said above, then publish it again")
    for finding in report.warnings:
        typer.echo(tell(finding_line(file, finding, is_warning=True)), err=True)
    settings = Settings.from_environment()
    policy = asyncio.run(rated_now(settings, report.policy))
    known = asyncio.run(_known(settings, to_publish=True))
    if known.in_force == policy.digest:
        typer.echo(f"{policy.name} version {policy.version} is in force already ({policy.digest}); nothing to publish")
        return
    before = _look(settings, known, policy, without_currency or [], tell)
    if before is not None and moves is not False:
        who_moves = WhoMoves(settings, before, policy, asked_language(lang))
        _say_who_moves(who_moves, math.inf if moves else MOST_WORKED)
    _ask(f"{policy.name} version {policy.version}", yes)
    asyncio.run(publish_policy(settings, policy))
    typer.echo(f"{policy.name} version {policy.version} is in force ({policy.digest}); workers take it up now")


def _look(
    settings: "Settings", known: "KnownPolicies", policy: "Policy", without: list[str], tell: Tell
) -> "Policy | None":
    """Says what would change against the policy in force, and gives that one; None where there is none yet.

    A currency loses its rate only where that is said in so many words.
    """
    from streams.kafka.rates import rated_now
    from streams.policy.check.comparison import changes_between, currencies_lost
    from streams.policy.compile.load import load_published

    document = known.documents.get(known.in_force or "")
    if document is None:
        typer.echo("no policy is in force yet")
        return None
    before = load_published(document)
    if settings.rates:
        before = asyncio.run(rated_now(settings, before))
    typer.echo(
        tell(say("against {name} version {version}, which is in force:", name=before.name, version=before.version))
    )
    for change in [*changes_between(before, policy)] or [say("nothing that a tier, a currency or a campaign shows")]:
        typer.echo(f"  {tell(change)}")
    unsaid = [currency for currency in currencies_lost(before, policy) if currency not in without]
    if unsaid:
        options = " ".join(f"--without-currency {currency}" for currency in unsaid)
        raise UsageError(
            f"{', '.join(unsaid)} would lose the rate, and what customers hold in it would count as nothing; "
            f"add the rate to the file, or write {options}"
        )
    return before


def _say_who_moves(asked: WhoMoves, most: float) -> None:
    """Says who would move, as `simulate --from-kafka --compare` does. Inputs that cannot be read stop no publishing."""
    from aiokafka.errors import KafkaError

    from streams.cli.matrix import print_matrix
    from streams.logs import set_up_logging
    from streams.simulate.inputs import count_inputs
    from streams.simulate.moves import moves_between

    set_up_logging()
    try:
        count = count_inputs(asked.settings)
        if count > most:
            typer.echo(f"who would move is not worked out: the inputs hold {count:,} records; --moves works them")
            return
        print_matrix(moves_between(asked.before, asked.after, asked.settings), asked.lang)
    except (UsageError, KafkaError) as error:
        typer.echo(f"who would move is not known, since the inputs cannot be read: {error}")


def _ask(name: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"nobody is there to be asked, and {name} was not published; write --yes to put it in force")
    if not typer.confirm(f"put {name} in force?"):
        typer.echo("nothing was published", err=True)
        raise typer.Exit(1)


@app.command(name="list")
def list_policies() -> None:
    """Show the policies that were ever put in force, the newest last, and which one is."""
    from streams.policy.compile.load import load_published
    from streams.settings import Settings

    known = asyncio.run(_known(Settings.from_environment()))
    for digest, document in known.documents.items():
        policy = load_published(document)
        mark = "in force" if digest == known.in_force else ""
        typer.echo(f"{policy.name:<30} version {policy.version:<6} {digest}  {mark}".rstrip())
    if not known.documents:
        typer.echo("no policy was put in force yet; the first worker publishes its own (TIERFLOW_POLICY)")


async def _known(settings: "Settings", *, to_publish: bool = False) -> "KnownPolicies":
    from streams.kafka.permitted import check_rights
    from streams.kafka.policies import read_known_policies
    from streams.kafka.rights.commands import policy
    from streams.kafka.topics import check_topics

    rows = (row for row in policy(settings) if to_publish or row.operation != "WRITE")
    await check_rights(settings, "policy", rows)
    await check_topics(settings)
    return await read_known_policies(settings)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}; name a policy file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text in UTF-8; save it as that") from error


def _teller(lang: str | None) -> Tell:
    from streams.languages.known import FORMS
    from streams.languages.said import told

    forms = FORMS[asked_language(lang) or "en"]
    return lambda text: told(text, forms)


def finding_line(file: Path, finding: "Finding", *, is_warning: bool = False) -> Said:
    """Says where in a file something was found, and what."""
    place = say("{file}, line {line}", file=str(file), line=finding.line)
    if finding.field:
        place = say("{place}, {field}", place=place, field=finding.field)
    if is_warning:
        return say("{place}: warning: {message}", place=place, message=finding.message)
    return say("{place}: {message}", place=place, message=finding.message)
