"""Bad inputs: a slice of `make fuzz`, and its oracle held against rows of docs/messages.md."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.compiled import is_compiled
from tests.fuzz.classifier import Terms, classify
from tests.fuzz.run import run
from tests.support.wire_messages import AT_MS, POLICY, short, value

RECORDS = 20_000
TERMS = Terms(frozenset(POLICY.to_value), frozenset(POLICY.rank), AT_MS)


def test_strange_inputs_are_applied_or_refused_as_the_page_says_and_harm_no_neighbour() -> None:
    outcomes = run(RECORDS, seed=1).outcomes
    assert {"applied", "repeated", "erased", "malformed", "invalid_field", "key_mismatch"} <= set(outcomes)
    assert {"unknown_currency", "unknown_product", "wrong_partition", "future_event"} <= set(outcomes)


@pytest.mark.skipif(not is_compiled(), reason="there is no build to compare with")
def test_compiled_and_interpreted_write_and_keep_the_same_bytes(tmp_path: Path) -> None:
    file = tmp_path / "digest"
    command = [sys.executable, "-m", "tests.fuzz.run", "--records", "2000", "--seed", "2", "--digest", str(file)]
    subprocess.run(command, env={**os.environ, "TIERFLOW_INTERPRETED": "1"}, check=True, capture_output=True)
    assert file.read_text() == run(2_000, seed=2).digest


@pytest.mark.parametrize(
    ("topic", "raw", "reasons"),
    [
        (0, value(0), {""}),
        (0, None, {"malformed"}),
        (0, b"[]", {"malformed"}),
        (0, value(0) + b"{}", {"malformed"}),
        (0, b"\xef\xbb\xbf" + value(0), {"malformed"}),
        (0, value(0, memo="NaN"), {"malformed"}),
        (0, value(0, memo="[" * 499 + "]" * 499), {""}),
        (0, value(0, memo="[" * 500 + "]" * 500), {"malformed"}),
        (0, value(0, balance=None), {"invalid_field"}),
        (0, value(0, balance="1.00001"), {"invalid_field"}),
        (0, value(0, balance='"1e3"'), {"invalid_field"}),
        (0, value(0, balance="1e3"), {""}),
        (0, value(0, as_of='"2026-02-29T00:00:00Z"'), {"invalid_field"}),
        (0, value(0, as_of='"2016-12-31T23:59:60Z"'), {""}),
        (0, value(0, as_of='"2016-12-31T22:59:60Z"'), {"invalid_field"}),
        (0, value(0, as_of=str(AT_MS // 1000)), {"invalid_field"}),
        (0, value(0, as_of=str(AT_MS + 86_400_001)), {"future_event"}),
        (0, value(0, currency='"XXX"'), {"unknown_currency"}),
        (0, value(0, product='"gold"'), {"unknown_product"}),
        (0, value(0, customer_id='"C002"'), {"key_mismatch"}),
        (0, value(0, customer_id='"\\ud83d"'), {"invalid_field"}),
        (1, value(1, amount="-1"), {"invalid_field"}),
        (1, value(1, reverses='"t0"'), {"invalid_field"}),
        (2, value(2, score="true"), {"invalid_field"}),
        (4, value(4, until=None), {"invalid_field"}),
    ],
    ids=short,
)
def test_the_oracle_says_what_the_page_says(topic: int, raw: bytes | None, reasons: set[str]) -> None:
    assert classify(topic, b"C001", raw, TERMS).reasons == reasons
