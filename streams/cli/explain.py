"""`tierflow explain`: why a customer has a tier, what is missing for the next, and what keeps this one."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.language import Lang, asked_language
from streams.errors import UsageError
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.explain.known import Known
    from streams.explain.message import Explanation


def explain(  # noqa: PLR0913, PLR0917 - a command's options
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.")],
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As of then, RFC 3339 with an offset.")] = None,
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="Without Kafka: a policy file,")] = None,
    events: Annotated[str | None, typer.Option(metavar="FILE", help="and events; - is standard input.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    lang: Lang = None,
) -> None:
    """Say why a customer has this tier, what is missing for the next, what keeps this one, and what will happen.

    With --lang, in the sentences of a relationship manager.

    The state is the newest that workers have committed or, with --policy and --events, what simulate makes of a file.
    Nothing is written anywhere.
    """
    import msgspec

    from streams.cli.explanation import show
    from streams.explain.explanation import explain as explained

    if not _is_text(customer):
        raise UsageError("CUSTOMER is no UTF-8 text, as every id is; write the id as the messages have it")
    lang = asked_language(lang, as_json=as_json)
    if (policy is None) != (events is None):
        raise UsageError("--policy and --events belong together; write both to do without Kafka, or none of them")
    if policy is not None and events is not None:
        known = _offline(customer, policy, events)
        now_ms = known.clock_ms
    else:
        from streams.kafka.wall_clock import wall_ms

        settings = Settings.from_environment()
        known = _from_kafka(settings, customer)
        now_ms = known.clock_ms if settings.clock == "event" else max(known.clock_ms, wall_ms())
    explanation = explained(known, now_ms if at is None else _asked_ms(at, known))
    if lang is not None:
        _tell(explanation, known, lang)
    elif as_json:
        typer.echo(msgspec.json.encode(explanation).decode())
    else:
        show(explanation)


def _tell(explanation: "Explanation", known: "Known", lang: str) -> None:
    """Prints the sentences, with the names that the policy gives its tiers."""
    from streams.cli.output import visible
    from streams.engine.sections import special_of
    from streams.explain.known import state_of
    from streams.explain.sentences import Told, sentences
    from streams.languages.known import LANGUAGES
    from streams.policy.compile.load import read_policy

    file = read_policy(known.policy.document, is_published=True).file
    names = {} if file is None else {tier.id: tier.name for tier in file.tiers}
    opted_out = special_of(state_of(known.customer_id, known.packed)).opted_out
    for sentence in sentences(Told(explanation, names, opted_out=opted_out), LANGUAGES[lang]):
        typer.echo(visible(sentence))


def _from_kafka(settings: Settings, customer: str) -> "Known":
    from streams.explain.known import read_known
    from streams.logs import set_up_logging

    set_up_logging()
    return asyncio.run(read_known(settings, customer))


def _offline(customer: str, policy: Path, events: str) -> "Known":
    from streams.cli.load import open_events
    from streams.explain.known import Known
    from streams.load.events import read_waves
    from streams.settings import read_policy_file, remembered_ids, variables
    from streams.simulate import Simulation

    rules = read_policy_file(policy, "--policy")
    simulation = Simulation(rules, remembered_ids=remembered_ids(variables()))
    with open_events(events) as opened:
        name = "standard input" if events == "-" else events
        for wave in read_waves(opened, name):
            for _ in simulation.work_in_parts(wave.events):
                pass  # only the state in the end is of interest
    packed = simulation.partition.packed.get(customer.encode())
    if packed is None:
        raise UsageError(
            f"{name} has no event of {customer} that could be used; tierflow simulate --full shows the dead letters"
        )
    return Known(customer, packed, simulation.partition.clock_ms, simulation.partition.setup.policy)


def _is_text(customer: str) -> bool:
    # Python turns bytes of the command line that are not UTF-8 into surrogates.
    try:
        customer.encode()
    except UnicodeEncodeError:
        return False
    return True


def _asked_ms(at: str, known: "Known") -> int:
    from streams.contracts.times import instant_ms

    try:
        asked_ms = instant_ms(at)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error
    if asked_ms < known.clock_ms:
        raise UsageError(
            f"--at is before {known.policy.calendar.rfc3339(known.clock_ms)}, and only the state of then is kept; "
            "write that or a later time, or see tierflow audit --customer for what was decided before"
        )
    return asked_ms
