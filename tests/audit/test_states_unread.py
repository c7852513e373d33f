"""A changelog that cannot be read ends an audit with a sentence."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from streams.audit import states
from streams.errors import UsageError

if TYPE_CHECKING:
    from streams.kafka.offsets import Offsets

NOBODY = {"bootstrap_servers": "127.0.0.1:1"}


class Written:
    async def written_ends(self, _: Any) -> list[int]:
        return [5]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            KafkaTimeoutError("app-customers-changelog partition 0: nothing has come for 30 s"),
            "nothing has come for 30 s",
        ),
        (KafkaConnectionError("away"), "no Kafka answers at 127.0.0.1:1"),
    ],
)
async def test_a_kafka_that_goes_away_is_a_sentence(
    error: KafkaError, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(states, "read_changelog", fail)
    with pytest.raises(UsageError, match=says):
        await states.read_states(NOBODY, cast("Offsets", Written()), "app-customers-changelog", 0)
