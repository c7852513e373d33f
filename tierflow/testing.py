"""For tests of a policy, without Kafka: a bank that hears events in words (docs/policy-tests.md).

    from tierflow.testing import Bank

    bank = Bank("our-policy.toml")
    assert bank.hears("2026-01-05 10:00", "balance 600000") == ["mid (first_event)"]

pytest has it as the fixture `bank`, once tierflow is installed (pytest_plugin.py).
"""

from streams.policy.language.problems import PolicyError
from streams.testing.bank import Bank, Kind
from streams.testing.instants import WordsError
from streams.testing.told import Told

__all__ = ["Bank", "Kind", "PolicyError", "Told", "WordsError"]
