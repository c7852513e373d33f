"""A law is tried with the same examples wherever it runs, and whatever ran before it."""

import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.laws import HUNT, laws

drawn: list[bytes] = []


@laws(100)
@given(st.binary(min_size=1))
def a_law(value: bytes) -> None:
    drawn.append(value)


@pytest.mark.skipif(HUNT > 0, reason="make laws draws others each time")
def test_it_draws_the_same_whatever_modules_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn.clear()
    a_law()
    before = list(drawn)
    drawn.clear()
    file = tmp_path / "constants.py"
    file.write_text("".join(f"C{number} = b'constant {number}'\n" for number in range(100)))
    spec = importlib.util.spec_from_file_location("constants", file)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "constants", module)
    a_law()
    assert drawn == before
