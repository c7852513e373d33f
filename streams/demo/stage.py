"""The stage of the demo: a broker, topics, and the settings for a worker; what was started is stopped afterwards.

The broker is the one of KAFKA_BOOTSTRAP_SERVERS if the environment has it, else a local one with its data in a
temporary folder. On the former, the app id and the topics get names of their own and the topics are deleted afterwards,
unless the environment names one of them: then the given names are used, and the topics are kept.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from streams.bench.stand import SERVERS, Stand, broker, delete_topics
from streams.demo.policy import NOTE, STANDARD, write_demo_policy
from streams.kafka.topics import ensure_topics
from streams.settings import Settings, policy_folder, read_policy_file, variables
from streams.signals import ending_on_signals

PARTITIONS = 4
Say = Callable[[str], None]

_NAMES = ("TIERFLOW_APP_ID", "TIERFLOW_INPUT_PREFIX", "TIERFLOW_OUTPUT_PREFIX")


@contextmanager
def stage(http_port: int, say: Say) -> Iterator[Stand]:
    """Sets the stage up with its topics, and takes it down at the end of the block.

    Raises:
        UsageError: Kafka cannot be fetched or started, or does not answer.
    """
    given = os.environ.get(SERVERS)
    with TemporaryDirectory(prefix="tierflow-demo-") as name, ending_on_signals():
        policy_file, note = _policy_file(Path(name))
        say(note)
        say(f"using the Kafka at {given}" if given else "starting Apache Kafka (the first time it is fetched: 46 MB)")
        with broker(Path(name)) as servers:
            own_names = _own_names() if given else {}
            environment = {
                **os.environ,
                **own_names,
                **servers,
                "TIERFLOW_POLICY": str(policy_file),
                "TIERFLOW_CLOCK": "wall",
                "TIERFLOW_KEYS": "off",
                "TIERFLOW_BACKFILL": "on",  # events from before the worker's start are history: no campaign
                "TIERFLOW_HTTP_PORT": str(http_port),
            }
            settings = Settings.from_environment(environment)
            asyncio.run(ensure_topics(settings, PARTITIONS))
            policy = read_policy_file(policy_file, note)
            try:
                yield Stand(settings, environment, policy, PARTITIONS, Path(name))
            finally:
                if own_names:
                    asyncio.run(delete_topics(settings))


def _policy_file(folder: Path) -> tuple[Path, str]:
    """Gives the file of the policy, and a line that says which it is: the demo's own, unless TIERFLOW_POLICY is set."""
    given = variables().get("TIERFLOW_POLICY")
    if given:
        return Path(given).expanduser().resolve(), f"policy: {given} (TIERFLOW_POLICY)"
    return write_demo_policy(policy_folder() / STANDARD, folder), NOTE


def _own_names() -> Mapping[str, str]:
    if any(name in os.environ for name in _NAMES):
        return {}
    app_id = f"demo-{token_hex(4)}"
    return dict(zip(_NAMES, (app_id, f"{app_id}.bank.", f"{app_id}.tier."), strict=True))
