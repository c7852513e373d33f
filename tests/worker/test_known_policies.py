"""Which policy a worker goes by: the newest of the topic when lanes start, and never an older one again."""

import asyncio
import gzip
from contextlib import aclosing
from dataclasses import replace
from itertools import chain, repeat

import msgspec
import pytest

from streams.audit.in_force import read_history
from streams.contracts.outputs import InForceMessage, PolicyMessage
from streams.errors import UsageError
from streams.kafka import local
from streams.kafka.offsets import Offsets
from streams.kafka.policies import (
    IN_FORCE_KEY,
    KnownPolicies,
    follow_policies,
    publish_policy,
    read_known_policies,
    read_newest_policies,
)
from streams.policy.compile.load import load_policy
from streams.policy.language.problems import PolicyError
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.worker import app as app_module
from streams.worker.app import create_app
from streams.worker.known_policies import loadable_policies, policy_in_force
from tests.support.batches import ASSETS_ONLY, put

ONE = ASSETS_ONLY
TWO = load_policy(ONE.document.replace("version = 1", "version = 2"))
BROKEN = "a release before took this"


async def test_what_was_published_while_it_joined_is_known_before_lanes_start(settings: Settings) -> None:
    await publish_policy(settings, ONE)
    known = await read_known_policies(settings)
    app = create_app(replace(settings, http_port=6066), known, 4)
    await publish_policy(settings, TWO)
    await app.before_lanes()
    assert app.policy.digest == TWO.digest
    assert app.stages["customers"].open  # the stage of the newer policy
    assert app.policies[ONE.mark].digest == ONE.digest


NO_POLICIES = [
    *(b"", b"\xff", b"{", b"[]", b"null", b"1e999", b'{"digest": 1}', b'{"digest": "\\ud83d"}', b'{"digest": "\xff"}'),
    *(b'{"name": "x"}', b"[" * 100_000, b'{"a":' * 100_000, gzip.compress(ONE.document.encode())),
]


async def test_records_that_are_no_policies_are_passed_over_with_a_word(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    await publish_policy(settings, ONE)
    before = await read_known_policies(settings)
    strange = [(key, value) for key in (IN_FORCE_KEY, ONE.digest.encode(), b"\xff") for value in (*NO_POLICIES, None)]
    await put(settings, settings.output_topic("policies"), strange, 0)
    async with aclosing(follow_policies(settings, before)) as newer:
        heard = asyncio.create_task(anext(newer))
        await publish_policy(settings, TWO)
        _, document = await heard
    assert document == TWO.document
    assert "offset 2 of the topic of policies is passed over: it holds nothing of a policy" in caplog.text
    known = await read_known_policies(settings)
    assert (known.documents, known.in_force) == (before.documents | {TWO.digest: TWO.document}, TWO.digest)
    async with Offsets(settings.client_options()) as offsets:
        history = await read_history(settings, offsets)
    assert [one.digest for one in history.published] == [ONE.digest, TWO.digest]


async def test_a_document_under_another_digest_than_its_own_is_refused(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    await publish_policy(settings, ONE)
    before = await read_known_policies(settings)
    other = load_policy(ONE.document.replace("version = 1", "version = 3"))
    strange = [(other.digest, other.digest, TWO), (other.digest, TWO.digest, TWO), (TWO.digest, other.digest, TWO)]
    swapped = [(key.encode(), document_of(digest, policy)) for key, digest, policy in strange]
    puts_in_force = (IN_FORCE_KEY, msgspec.json.encode(InForceMessage(digest=other.digest)))
    await put(settings, settings.output_topic("policies"), [*swapped, puts_in_force], 0)
    async with aclosing(follow_policies(settings, before)) as newer:
        heard = asyncio.create_task(anext(newer))
        await publish_policy(settings, TWO)
        assert (await heard)[1] == TWO.document
    for offset in (2, 3, 4):
        word = f"offset {offset} of the topic of policies is passed over: it holds the document of {TWO.digest} under"
        assert word in caplog.text
    assert "offset 5 of the topic of policies is passed over: it puts a policy in force whose" in caplog.text
    known = await read_known_policies(settings)
    assert (known.documents, known.in_force) == (before.documents | {TWO.digest: TWO.document}, TWO.digest)


def document_of(digest: str, policy: Policy) -> bytes:
    message = PolicyMessage(name=policy.name, version=policy.version, digest=digest, document=policy.document)
    return msgspec.json.encode(message)


async def test_policies_that_came_and_went_while_it_joined_are_known_too(settings: Settings) -> None:
    """Customers may have been rated by them: their changes are shown under the policy that decided them."""
    await publish_policy(settings, ONE)
    app = create_app(replace(settings, http_port=6066), await read_known_policies(settings), 4)
    for policy in (TWO, ONE):
        await publish_policy(settings, policy)
    await app.before_lanes()
    assert app.policy.digest == ONE.digest
    assert app.policies[TWO.mark].digest == TWO.digest


async def test_a_broker_that_is_away_for_a_moment_ends_no_take_over(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish_policy(settings, ONE)
    made = create_app(replace(settings, http_port=6066), await read_known_policies(settings), 4)
    await publish_policy(settings, TWO)
    nobody = replace(settings, bootstrap_servers=f"127.0.0.1:{local.free_port()}")
    servers = chain([nobody], repeat(settings))
    monkeypatch.setattr(app_module, "read_newest_policies", lambda _: read_newest_policies(next(servers)))
    await made.before_lanes()
    assert made.policy.digest == TWO.digest


async def test_a_follower_that_lags_behind_does_not_bring_an_older_policy_back(settings: Settings) -> None:
    await publish_policy(settings, ONE)
    app = create_app(replace(settings, http_port=6066), await read_known_policies(settings), 4)
    for policy in (TWO, ONE, TWO):
        await publish_policy(settings, policy)
    await app.before_lanes()
    read_to = app.policies_read_to
    for offset in range(read_to):
        app.adopt_newer(offset, ONE.document)
    assert app.policy.digest == TWO.digest
    app.adopt_newer(read_to, ONE.document)
    assert app.policy.digest == ONE.digest


def test_an_earlier_policy_that_this_release_refuses_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    known = KnownPolicies({"sha256:old": BROKEN, ONE.digest: ONE.document}, ONE.digest, 4)
    assert policy_in_force(known).digest == ONE.digest
    assert [policy.digest for policy in loadable_policies(known)] == [ONE.digest]
    assert "sha256:old" in caplog.text


@pytest.mark.parametrize(
    ("documents", "sentence"),
    [({}, "no policy is in force"), ({ONE.digest: BROKEN}, "cannot be used by this release.*publish another")],
)
def test_without_a_usable_policy_in_force_a_worker_says_what_to_do(documents: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        policy_in_force(KnownPolicies(documents, ONE.digest, 4))


def test_a_policy_that_was_published_with_a_common_name_for_a_currency_keeps_no_worker_from_starting() -> None:
    """Earlier releases took RMB for a code. Its events count as they did; other events in RMB are refused."""
    document = f'{ONE.document}\n[rates]\nRMB = "4.5"\n'
    with pytest.raises(PolicyError, match=r"RMB.*did you mean"):
        load_policy(document)
    policy = policy_in_force(KnownPolicies({"sha256:rmb": document}, "sha256:rmb", 4))
    assert "RMB" in policy.to_value
