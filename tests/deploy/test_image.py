"""The Dockerfile and the compose file, each by its own checker, and what asks a container for its health."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from deploy.pin_images import FILES, pinned
from tests.support.deploy_tools import PROJECT, run

COMPOSE = PROJECT / "docker-compose.yml"
DOCKERFILE = PROJECT / "deploy/Dockerfile"
DIGEST = f"sha256:{'5' * 64}"


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def test_hadolint_has_nothing_to_say() -> None:
    told = run("hadolint", "--no-color", str(DOCKERFILE))
    assert (told.returncode, told.stdout) == (0, "")


def test_hadolint_finds_what_is_wrong() -> None:
    told = run("hadolint", "--no-color", "-", given=DOCKERFILE.read_text().replace("USER 10001:10001", "USER root"))
    assert told.returncode != 0
    assert "DL3002" in told.stdout


def test_the_compose_specification_takes_the_file(tmp_path: Path) -> None:
    told = run("compose-spec", "-no-interpolation", "-format", "json", str(COMPOSE))
    assert told.returncode == 0, told.stderr
    assert set(json.loads(told.stdout)["services"]) == set(services())
    misspelt = tmp_path / "compose.yml"
    misspelt.write_text(COMPOSE.read_text().replace("read_only: true", "read_olny: true"))
    assert run("compose-spec", "-no-interpolation", str(misspelt)).returncode != 0


def test_secrets_that_services_name_are_there() -> None:
    named = {name for service in services().values() for name in service.get("secrets", [])}
    assert named == set(yaml.safe_load(COMPOSE.read_text())["secrets"])


def test_programs_that_not_everybody_needs_start_when_they_are_asked_for() -> None:
    profiles = {name: service["profiles"] for name, service in services().items() if "profiles" in service}
    assert profiles == {name: [name] for name in ("deliver", "intake", "console")}


def test_the_topic_browser_can_change_nothing() -> None:
    assert services()["topic-browser"]["environment"]["KAFKA_CLUSTERS_0_READONLY"] == "true"


def image_health() -> list[str]:
    [command] = re.findall(r"^HEALTHCHECK .*\\\n    CMD (\[.+\])$", DOCKERFILE.read_text(), flags=re.MULTILINE)
    found: list[str] = json.loads(command)
    return found


def health_of(name: str) -> list[str]:
    return image_health() if name == "image" else services()[name]["healthcheck"]["test"][1:]


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize(("name", "path"), [("image", "/healthz"), ("deliver", "/metrics"), ("console", "/healthz")])
def test_a_container_is_healthy_when_the_program_says_so(name: str, path: str, status: int) -> None:
    with answering(status) as (port, asked):
        program, *arguments = (re.sub(r"\b60[678]0\b", str(port), word) for word in health_of(name))
        assert program == "python"
        environment = {"TIERFLOW_HTTP_PORT": str(port), "http_proxy": "http://192.0.2.1:1"}
        told = subprocess.run([sys.executable, *arguments], env=environment, check=False)
    assert (told.returncode == 0) is (status == 200)
    assert asked == [path]


@pytest.mark.parametrize("name", ["image", "deliver", "console"])
def test_a_container_whose_program_does_not_answer_is_not_healthy(name: str) -> None:
    arguments = [re.sub(r"\b60[678]0\b", "1", word) for word in health_of(name)[1:]]
    told = subprocess.run(
        [sys.executable, *arguments], env={"TIERFLOW_HTTP_PORT": "1"}, capture_output=True, check=False
    )
    assert told.returncode != 0


def test_digests_are_written_behind_tags_and_over_older_ones_and_nothing_else_is() -> None:
    for file in FILES:
        text = file.read_text()
        once = pinned(text, lambda _image: DIGEST)
        assert pinned(once, lambda _image: DIGEST) == once
        assert re.sub(r"@sha256:[0-9a-f]{64}", "", once) == re.sub(r"@sha256:[0-9a-f]{64}", "", text)
    of_a_port = "    image: registry.bank.internal:5000/mirror/kafka:4.3.1\n"
    assert pinned(of_a_port, lambda _image: DIGEST) == f"{of_a_port.rstrip()}@{DIGEST}\n"
    asked: list[str] = []
    pinned(COMPOSE.read_text(), lambda image: asked.append(image) or DIGEST)
    images = {service["image"] for service in services().values()} - {"tierflow:local"}
    assert set(asked) == {image.partition("@")[0] for image in images}
