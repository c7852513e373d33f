"""A cluster of two brokers that clients reach directly, or through proxies (kafka_proxy.py)."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.protocol.metadata import MetadataRequest

from streams.kafka import local
from streams.kafka.local import HOST
from streams.kafka.topic_specs import TopicSpec, topic_specs
from streams.kafka.topics import check_topics
from streams.settings import Settings
from tests.support.ports import free_ports
from tests.support.worker_processes import PARTITIONS, until

NODES = (1, 2)


class TwoBrokers:
    """Both are brokers; the first is the controller, too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._controller_port, *ports = free_ports(1 + 3 * len(NODES))
        self._ports = dict(zip(NODES, ports[0::3], strict=True))
        self._proxied_ports = dict(zip(NODES, ports[1::3], strict=True))
        self._proxy_ports = dict(zip(NODES, ports[2::3], strict=True))
        self._cluster_id = uuid4()

    @property
    def servers(self) -> str:
        """Where clients reach them directly."""
        return ",".join(f"{HOST}:{port}" for port in self._ports.values())

    @property
    def proxied_servers(self) -> str:
        """Where clients reach them through proxies."""
        return ",".join(f"{HOST}:{port}" for port in self._proxy_ports.values())

    @property
    def proxy_ports(self) -> list[tuple[int, int]]:
        """Of each proxy the port that it listens on, and the broker's that it passes on to."""
        return [(self._proxy_ports[node], self._proxied_ports[node]) for node in NODES]

    def start(self) -> None:
        """Not for coroutines."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local, "uuid4", lambda: self._cluster_id)  # both belong to one cluster
            patch.setattr(local, "_configure", self._configured(local._configure))
            # Both at once: the controller may wait for the other one, which waits for it.
            with ThreadPoolExecutor() as threads:
                list(threads.map(lambda node: local.start(self._folder / str(node), self._ports[node]), NODES))

    def stop(self) -> None:
        """The controller last: without it the other one could not leave in order."""
        for node in reversed(NODES):
            local.stop(self._folder / str(node))

    def _configured(self, configure: Callable[[Path, int], Path]) -> Callable[[Path, int], Path]:
        def configured(folder: Path, port: int) -> Path:
            path, node = configure(folder, port), int(folder.name)
            settings = dict(line.split("=", 1) for line in path.read_text().splitlines())
            listeners = f"PLAINTEXT://{HOST}:{port},PROXIED://{HOST}:{self._proxied_ports[node]}"
            controller = f",CONTROLLER://{HOST}:{self._controller_port}" if node == NODES[0] else ""
            settings |= {
                "process.roles": "broker,controller" if controller else "broker",
                "node.id": str(node),
                "controller.quorum.voters": f"{NODES[0]}@{HOST}:{self._controller_port}",
                "listeners": listeners + controller,
                "advertised.listeners": f"PLAINTEXT://{HOST}:{port},PROXIED://{HOST}:{self._proxy_ports[node]}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "inter.broker.listener.name": "PLAINTEXT",
            }
            path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
            return path

        return configured


def environments(cluster: TwoBrokers, app_id: str, folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The settings of one test as environment variables: directly, and through the proxies."""
    direct = {
        "KAFKA_BOOTSTRAP_SERVERS": cluster.servers,
        "TIERFLOW_APP_ID": app_id,
        "TIERFLOW_INPUT_PREFIX": f"{app_id}.bank.",
        "TIERFLOW_OUTPUT_PREFIX": f"{app_id}.tier.",
        "TIERFLOW_POLICY": "config/policies/assets-only.toml",
        "TIERFLOW_DATA_DIR": str(folder / "data"),
        "TIERFLOW_HTTP_PORT": "0",
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", str(folder)),
    }
    return direct, {**direct, "KAFKA_BOOTSTRAP_SERVERS": cluster.proxied_servers}


async def make_topics(settings: Settings, leader: Callable[[TopicSpec], int]) -> None:
    """Makes all topics of an app. leader: the node that has a topic's partitions."""

    def placed(spec: TopicSpec) -> Mapping[int, list[int]]:
        return {number: [leader(spec)] for number in range(1 if spec.single_partition else PARTITIONS)}

    wanted_specs = topic_specs(settings)
    wanted = [
        NewTopic(spec.name, -1, -1, replica_assignments=placed(spec), topic_configs=dict(spec.config))
        for spec in wanted_specs
    ]
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        answer = await admin.create_topics(wanted)
        assert not [error for error in answer.topic_errors if error[1]], answer.topic_errors

        request = MetadataRequest([spec.name for spec in wanted_specs])

        async def are_led() -> bool:
            answers = [(await admin._client.send(node, request)).to_object() for node in NODES]
            topics = [topic for answer in answers for topic in answer["topics"]]
            return all(
                not topic["error_code"] and all(each["leader"] in NODES for each in topic["partitions"])
                for topic in topics
            )

        await until(are_led, 60, "every partition has a leader, and both brokers know")
    finally:
        await admin.close()
    assert await check_topics(settings) == PARTITIONS
