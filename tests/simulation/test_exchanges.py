"""The broker in memory answers as a real one does (exchanges.py)."""

import json

import pytest

from tests.simulation.exchanges import KEPT, SCRIPTS, InMemory, played, played_to_a_real_one

SAID = json.loads(KEPT.read_text())


@pytest.mark.parametrize("script", SCRIPTS)
async def test_the_broker_in_memory_says_what_a_real_one_said(script: str) -> None:
    assert await played(InMemory("memory"), script) == SAID[script]


@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_real_broker_says_what_it_said(script: str, broker: str) -> None:
    assert await played_to_a_real_one(broker, script) == SAID[script]
