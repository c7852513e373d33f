"""Sealed by keys: whoever has the keys reads what was written, but for what was before an erase."""

import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import count, islice

import pytest

from streams.contracts.packing import unpack_state
from streams.contracts.sealed import CONTEXTS, campaign_in, outline_of, sealed_of
from streams.engine.measures.erased import is_numbers_alone
from streams.partition import seals as seals_module
from streams.partition.outputs import sent_to
from streams.partition.seals import Seals
from streams.partition.work import (
    CAMPAIGNS,
    CANDIDATES,
    CHANGES,
    CURRENT,
    ERASURES,
    KEYS,
    Message,
    Work,
)
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.sealing.cipher import SEALED, SealError
from streams.sealing.keyring import Keyring
from streams.sealing.keys import MasterKeyError, MasterKeys, master_keys
from streams.values.events import TOPICS
from tests.corpus.events import histories
from tests.support.histories import STANDARD, Bench, History

BEGIN_MS = 1_795_480_000_000
DAY_MS = 86_400_000
OLD, NEW = (base64.b64encode(letter * 32).decode() for letter in (b"m", b"n"))
MASTER = master_keys(OLD)
NAMES = tuple(TOPICS)


class Log:
    """What a cluster holds after sealed batches: keys, states and messages, each message with the one in the clear."""

    def __init__(self) -> None:
        self.keys: dict[bytes, bytes] = {}
        self.states: dict[bytes, bytes] = {}
        self.messages: list[tuple[str, Message, Message]] = []
        self._random = count()
        self.seals = self.taken_over()

    def random_bytes(self, size: int) -> bytes:
        """Bytes that no other call gives."""
        return (sha256(str(next(self._random)).encode()).digest() * 2)[:size]

    def taken_over(self, master: MasterKeys = MASTER) -> Seals:
        """Another worker's, from what the log holds. It must open all states."""
        seals = Seals(master, dict(self.keys), self.random_bytes)
        self.opened = dict(self.states)
        for _ in seals.opening(self.opened):
            pass
        return seals

    def commit(self, work: Work) -> Work:
        for _ in self.seals.sealing(work):
            pass
        sealed = self.seals.sealed
        for message in sent_to(sealed, KEYS):
            if message.value is None:
                self.keys.pop(message.key or b"", None)
            else:
                self.keys[message.key or b""] = message.value
        self.states |= sealed.states
        others = [told for told in sealed.messages if told[0] != KEYS]
        assert [output for output, _ in others] == [output for output, _ in work.messages]
        pairs = zip(others, work.messages, strict=True)
        self.messages += [(output, hidden, plain) for (output, hidden), (_, plain) in pairs]
        self.seals.keep()
        return sealed

    def read(self, output: str, message: Message) -> bytes | None:
        """What a reader makes of a message; None: erased."""
        value = message.value or b""
        found = sealed_of(value)
        if found is None:
            return value
        return Keyring(MASTER, self.keys).unseal(found.customer_id.encode(), CONTEXTS[output], found.sealed)


def corpus(histories_of_it: int) -> History:
    history = History()
    for line in islice(histories(7, "TWD", ["low", "mid", "high"]), 60 * histories_of_it):
        written = json.loads(line)
        value = written["value"]
        topic = NAMES.index(written["topic"].removeprefix("bank."))
        history.raw(topic, str(value.get("customer_id", "")).encode(), json.dumps(value).encode())
    return history


@pytest.mark.parametrize("take_over", [False, True])
def test_a_corpus_reads_as_without_keys_but_for_what_was_erased(take_over: bool) -> None:  # noqa: FBT001
    log, bench = Log(), Bench()
    erased_at: dict[bytes, int] = {}
    packed: dict[bytes, bytes] = {}
    for work in batches(bench, corpus(40)):
        before = len(log.messages)
        log.commit(work)
        packed |= work.states
        for place, (output, hidden, plain) in enumerate(log.messages[before:], before):
            if output == ERASURES:
                erased_at[hidden.key or b""] = place
            assert hidden.headers == plain.headers
        if take_over:
            log.seals = log.taken_over()
            assert log.opened == packed
    log.taken_over()
    assert log.opened == bench.outcome.packed
    assert erased_at
    gone = 0
    for place, (output, hidden, plain) in enumerate(log.messages):
        customer = plain.key or b""
        is_void = output in CONTEXTS and hidden.value is not None and place < erased_at.get(customer, -1)
        if output == CURRENT and is_void:  # of a batch in which the erase came before it
            is_void = log.read(output, hidden) is None
        if output == CANDIDATES:
            continue
        assert log.read(output, hidden) == (None if is_void else plain.value or b"")
        gone += is_void
    assert gone > 10


def batches(bench: Bench, history: History, size: int = 37) -> Iterator[Work]:
    """Works a history, and gives each batch once it is kept."""
    bench.work(history, iter(lambda: size, 0))
    yield from bench.outcome.works


def sealed_once(history: History) -> tuple[Log, Bench, list[Work]]:
    log, bench = Log(), Bench()
    return log, bench, [log.commit(work) for work in batches(bench, history)]


def test_a_key_comes_with_the_first_state_and_goes_with_the_erasure() -> None:
    history = History()
    history.balance("C001", "1000", BEGIN_MS)
    log, _, [first] = sealed_once(history)
    assert [message.key for message in sent_to(first, KEYS)] == [b"C001"]
    assert first.states[b"C001"][:1] == SEALED
    history = History()
    history.balance("C001", "1000", BEGIN_MS)
    history.action("C001", "erase", BEGIN_MS + 1)
    log, bench, [both] = sealed_once(history)
    assert [message.value is None for message in sent_to(both, KEYS)] == [False, True]
    assert not log.keys
    assert both.states == bench.outcome.packed  # the numbers alone, in the clear
    [change] = sent_to(both, CHANGES)
    assert log.read(CHANGES, change) is None
    assert outline_of(change.value or b"").sequence == 1
    assert sent_to(both, CURRENT)[0].value is None


def test_who_begins_anew_has_another_key_and_goes_on_counting() -> None:
    history = History()
    history.balance("C001", "1000", BEGIN_MS)
    history.action("C001", "erase", BEGIN_MS + 1)
    history.balance("C001", "9000000", BEGIN_MS + 2)
    log, _, [work] = sealed_once(history)
    before, after = sent_to(work, CHANGES)
    assert log.read(CHANGES, before) is None
    assert json.loads(log.read(CHANGES, after) or b"")["sequence"] == 2
    [current] = sent_to(work, CURRENT)
    assert current == after
    assert work.states[b"C001"][:1] == SEALED


def test_a_word_that_is_newer_than_a_late_erase_stays_sealed() -> None:
    history = History()
    history.balance("C001", "1000", BEGIN_MS)
    history.action("C001", "opt_out", BEGIN_MS + 10)
    history.action("C001", "erase", BEGIN_MS + 5)
    log, bench, [work] = sealed_once(history)
    assert not is_numbers_alone(unpack_state(bench.outcome.packed[b"C001"]))
    assert work.states[b"C001"][:1] == SEALED
    assert log.keys
    assert log.read(CHANGES, sent_to(work, CHANGES)[0]) is None


def test_the_numbers_that_an_erase_leaves_are_told_from_a_state() -> None:
    history = History()
    history.balance("C001", "9000000", BEGIN_MS)
    history.loan("C001", "12000000", BEGIN_MS + 1)
    outcome = Bench().work(history)
    assert not is_numbers_alone(unpack_state(outcome.packed[b"C001"]))
    history.action("C001", "erase", BEGIN_MS + 2)
    outcome = Bench().work(history)
    assert is_numbers_alone(unpack_state(outcome.packed[b"C001"]))


def test_a_state_without_its_key_is_refused() -> None:
    history = History()
    history.balance("C001", "1000", BEGIN_MS)
    log, _, _ = sealed_once(history)
    log.keys.clear()
    with pytest.raises(SealError, match="no key"):
        log.taken_over()


def test_another_master_key_wraps_what_is_there_a_part_with_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """old alone | old, new: nothing | new, old: batch by batch, but for who is erased | new alone"""
    monkeypatch.setattr(seals_module, "WRAPPED_AT_ONCE", 2)
    bench, log = Bench(), Log()
    history = History()
    for number in range(5):
        history.balance(f"C00{number}", "1000", BEGIN_MS)
    history.action("C003", "erase", BEGIN_MS + 1)
    beginning, erasing = batches(bench, history, size=5)
    log.commit(beginning)
    assert log.taken_over(master_keys(f"{OLD}\n{NEW}")).left == 0
    log.seals = log.taken_over(master_keys(f"{NEW}\n{OLD}"))
    assert log.seals.left == 5
    log.commit(erasing)
    assert b"C003" not in log.keys
    left = [log.seals.left]
    while left[-1]:
        log.commit(erasing._replace(states={}, messages=[]))
        left.append(log.seals.left)
    assert left in ([2, 0], [3, 1, 0])  # whose keys come first is left open, and the erased one's is none
    assert log.keys.keys() == {b"C000", b"C001", b"C002", b"C004"}
    assert log.taken_over(master_keys(NEW)).left == 0
    assert log.opened == bench.outcome.packed
    with pytest.raises(MasterKeyError):
        log.taken_over()


def test_nothing_of_a_customer_is_in_the_clear_but_ids_and_numbers() -> None:
    history = History()
    history.balance("C001", "7654321", BEGIN_MS, account="A-SECRET")
    history.loan("C001", "12345678", BEGIN_MS + 1)
    _, _, [work] = sealed_once(history)
    for output, message in work.messages:
        if output in CONTEXTS:
            assert set(json.loads(message.value or b"")) <= {"id", "customer_id", "sequence", "sealed"}
            assert b"7654321" not in (message.value or b"")
    assert b"A-SECRET" not in work.states[b"C001"]


def with_budgets() -> Policy:
    """The standard policy; each campaign has a budget."""
    head, *campaigns = STANDARD.document.split("[[campaigns]]\n")
    return load_policy(head + "".join(f"[[campaigns]]\nbudget = {{ triggers = 5 }}\n{each}" for each in campaigns))


def test_a_candidate_holds_the_sealed_trigger() -> None:
    log, bench = Log(), Bench(with_budgets())
    candidates = []
    for work in batches(bench, corpus(40)):
        candidates += zip(sent_to(log.commit(work), CANDIDATES), sent_to(work, CANDIDATES), strict=True)
    assert candidates
    for hidden, plain in candidates:
        sealed, clear = json.loads(hidden.value or b""), json.loads(plain.value or b"")
        trigger, expected = sealed.pop("trigger"), clear.pop("trigger")
        assert sealed == clear
        outline = outline_of(json.dumps(trigger).encode())
        assert campaign_in(outline.id, outline.customer_id) == expected["campaign"]
        assert outline.sequence == expected["sequence"]
        opened = log.read(CAMPAIGNS, Message(None, json.dumps(trigger).encode(), []))
        assert opened is None or json.loads(opened) == expected
