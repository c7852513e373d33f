"""A real Prometheus that scrapes real processes, every half a second, with the rules of deploy/prometheus."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from streams.kafka.local import free_port
from tests.support.patience import stretched, until

PROJECT = Path(__file__).parents[2]
needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not here")


class Prometheus:
    """A context: Prometheus, with a folder of its own. targets: addresses, by job."""

    def __init__(self, folder: Path, targets: Mapping[str, Sequence[str]]) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder / "prometheus"
        self._folder.mkdir()
        jobs = [{"job_name": job, "static_configs": [{"targets": list(them)}]} for job, them in targets.items()]
        every = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "1s"}
        # JSON is YAML.
        rules = [str(PROJECT / "deploy/prometheus/alerts.yml")]
        config = {"global": every, "rule_files": rules, "scrape_configs": jobs}
        (self._folder / "prometheus.yml").write_text(json.dumps(config))

    async def __aenter__(self) -> Self:
        command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn"]
        address = f"--web.listen-address={self.url.removeprefix('http://')}"
        self._process = self._start([*command, address])
        await until(self._is_ready, 20, "Prometheus is ready")
        return self

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        await asyncio.to_thread(self._process.wait, stretched(20))

    async def _is_ready(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            return bool(await self.ask("up"))
        except OSError:
            return False

    async def ask(self, query: str) -> list[dict[str, Any]]:
        """The result of an instant query."""
        found = await self._get("query", query=query)
        return list(found["result"])

    async def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        found = await self._get("alerts")
        return {alert["labels"]["alertname"] for alert in found["alerts"] if alert["state"] == "firing"}

    async def _get(self, what: str, **parameters: str) -> dict[str, Any]:
        def get() -> dict[str, Any]:
            url = f"{self.url}/api/v1/{what}?{urlencode(parameters)}"
            with urlopen(url, timeout=stretched(5)) as answer:  # noqa: S310 - our own
                return dict(json.loads(answer.read())["data"])

        return await asyncio.to_thread(get)
