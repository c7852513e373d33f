"""The policies that were published, one of them in words, and the check of a new one."""

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.console import given
from streams.console.answers.policies import (
    Checked,
    Finding,
    Policies,
    PolicyBody,
    PolicyFloor,
    PolicyListed,
    PolicyText,
    PolicyWords,
)
from streams.console.aside import Aside
from streams.console.asked import Asked, answer
from streams.console.published import Compiled
from streams.contracts.figures import format_figure
from streams.languages.known import in_all_languages
from streams.policy.check.check import check
from streams.policy.check.found import Finding as Found
from streams.policy.check.lines import Lines
from streams.policy.check.sentences import in_words


def policies_handler(asked: Asked) -> Handler:
    """Makes the handler: all policies, the newest last, and the one in force."""

    async def policies(_request: web.Request) -> web.StreamResponse:
        in_force, items = await asked.policies.in_force(), []
        for found in await asked.policies.all():
            compiled = asked.policies.compiled(found)
            if compiled is not None:
                policy = compiled.policy
                at = policy.calendar.rfc3339(found.written_ms)
                items.append(PolicyListed(name=policy.name, version=policy.version, digest=policy.digest, at=at))
        told = None if in_force is None else in_force.told()
        return answer(Policies(in_force=told, items=items), shared=True)

    return policies


def text_of(compiled: Compiled) -> PolicyText:
    """Gives a policy as its file, and in words."""
    policy, file = compiled
    lines = Lines(policy.document)
    paths = [(), *(("campaigns", number) for number in range(len(file.campaigns))), ("risk",)]
    paragraphs = in_words(policy, file)
    words = [
        PolicyWords(line=lines.line(path), text=in_all_languages(paragraph))
        for path, paragraph in zip(paths, paragraphs, strict=False)
    ]
    return PolicyText(name=policy.name, version=policy.version, digest=policy.digest, toml=policy.document, words=words)


def check_handler(aside: Aside) -> Handler:
    """Makes the handler: what is wrong or odd in a policy file, and its floors."""

    async def check_policy(request: web.Request) -> web.StreamResponse:
        body = await given.body(request, PolicyBody)
        return answer(await aside.ask(request, checked, body.toml), shared=True)

    return check_policy


def checked(toml: str) -> Checked:
    """Checks a policy file. A text that is made for it may take long: so it is done aside."""
    report = check(toml)
    findings = [_finding(one, "error") for one in report.errors] + [_finding(one, "warning") for one in report.warnings]
    floors = []
    if report.policy is not None and report.file is not None:
        compiled = Compiled(report.policy, report.file)
        floors = _floors(compiled)
    return Checked(ok=report.policy is not None, findings=findings, floors=floors)


def _finding(found: Found, severity: str) -> Finding:
    return msgspec.convert(
        {"line": found.line, "field": found.field, "severity": severity, "text": in_all_languages(found.message)},
        Finding,
    )


def _floors(compiled: Compiled) -> list[PolicyFloor]:
    policy = compiled.policy
    listed = []
    for floor in policy.floors:
        if floor.rule != "enter":
            continue
        measure = None if floor.measure is None else policy.measures[floor.measure]
        listed.append(
            PolicyFloor(
                tier=floor.tier,
                names=compiled.tier_names(floor.tier),
                measure="value" if measure is None else measure.name,
                at_least=format_figure(floor.at_least_e16, measure),
            )
        )
    return listed
