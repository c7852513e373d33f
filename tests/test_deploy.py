import json
import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from streams.api.server import BoundedRunner
from streams.deliver.metrics import DeliverMetrics
from streams.metrics import Metrics
from streams.security.hosts import check_host_pattern, matches
from streams.security.http_limits import HttpLimits
from tests.support.patience import stretched

PROJECT = Path(__file__).parents[1]
COMPOSE = PROJECT / "docker-compose.yml"
DOCKERFILE = PROJECT / "deploy/Dockerfile"
DASHBOARDS = sorted((PROJECT / "deploy/grafana/dashboards").glob("*.json"))
ALERTS = PROJECT / "deploy/prometheus/alerts.yml"
RUNBOOKS = PROJECT / "docs/runbooks"
WRITER = PROJECT / "deploy/grafana/write_dashboards.py"
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""], "info": ["_info"]}


def expressions() -> list[str]:
    panels = [panel for file in DASHBOARDS for panel in json.loads(file.read_text())["panels"]]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def families() -> list[Any]:
    """Those of a worker, of `deliver`, and of the server of both."""
    for registry in (metrics := Metrics().registry, deliver := DeliverMetrics().registry):
        BoundedRunner(web.Application(), HttpLimits(), registry)
    return [*metrics.collect(), *deliver.collect()]


def metric_names() -> set[str]:
    return {family.name + suffix for family in families() for suffix in SUFFIXES[family.type]}


def test_every_metric_on_the_dashboards_exists() -> None:
    named = set(re.findall(r"\b(?:tierflow|process)_\w+", " ".join(expressions())))
    assert len(named) > 30
    assert named <= metric_names()


def test_every_metric_of_ours_is_on_a_dashboard() -> None:
    text = " ".join(expressions())
    ours = {family.name for family in families() if family.name.startswith("tierflow_")}
    assert {name for name in ours if name not in text} == {"tierflow_build"}


def test_the_dashboards_are_those_that_their_tables_make() -> None:
    made = runpy.run_path(str(WRITER))
    assert [file.stem for file in DASHBOARDS] == sorted(made["DASHBOARDS"])
    assert [
        file.name for file in DASHBOARDS if file.read_text() != made["text_of"](made["DASHBOARDS"][file.stem])
    ] == [], f"run: python {WRITER.relative_to(PROJECT)}"


def alerts() -> list[tuple[str, str, str]]:
    """Name, expression with all behind it up to the labels, and runbook of each."""
    found = re.findall(r"- alert: (\w+)\n(.+?)labels:.+?runbook: (\S+)", ALERTS.read_text(), flags=re.DOTALL)
    assert len(found) == ALERTS.read_text().count("- alert:")
    return found


def test_every_metric_of_an_alert_exists() -> None:
    named = {name for _, expression, _ in alerts() for name in re.findall(r"\btierflow_\w+", expression)}
    assert len(named) > 10
    assert named <= metric_names()


def test_every_alert_has_a_runbook_and_every_runbook_is_listed() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| .+?\((\S+)\)", (RUNBOOKS / "README.md").read_text(), flags=re.MULTILINE))
    assert {name: f"docs/runbooks/{page}" for name, page in listed.items()} == {
        name: runbook for name, _, runbook in alerts()
    }
    pages = {page.name: page.read_text() for page in RUNBOOKS.glob("*.md") if page.name != "README.md"}
    assert pages.keys() == set(listed.values())
    headings = ["What it means", "What to look at", "What to do"]
    assert {
        name for name, page in pages.items() if re.findall(r"^## (.+)$", page, flags=re.MULTILINE) != headings
    } == set()
    assert {name for name, page in listed.items() if f"`{name}`" not in pages[page]} == set()


def test_commands_of_ours_that_a_runbook_names_are_those_that_there_are() -> None:
    known = "".join(page.read_text() for page in (PROJECT / "docs").glob("*.md"))
    pages = [page.read_text() for page in RUNBOOKS.glob("*.md")]
    named = {name for page in pages for name in re.findall(r"^tierflow ([a-z-]+(?: [a-z-]+)?)", page, re.MULTILINE)}
    named |= {name for page in pages for name in re.findall(r"`tierflow ([a-z-]+(?: [a-z-]+)?)", page)}
    assert len(named) > 10
    assert {name for name in named if f"tierflow {name}" not in known} == set()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here")
@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", "deploy/prometheus/alerts.yml"],
        ["check", "config", "deploy/prometheus/local.yml"],
        ["check", "config", "--syntax-only", "deploy/prometheus/prometheus.yml"],
        ["test", "rules", "deploy/prometheus/alerts_test.yml"],
    ],
    ids=" ".join,
)
def test_promtool_takes_what_is_deployed(command: list[str]) -> None:
    done = subprocess.run(["promtool", *command], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_in_a_test_and_is_silent_in_one() -> None:
    tests = ALERTS.with_name("alerts_test.yml").read_text()
    for name, _, _ in alerts():
        assert re.search(rf"alertname: {name}\n +exp_alerts:\n +- ", tests), f"{name} fires nowhere"
        assert f"alertname: {name}, exp_alerts: []" in tests, f"{name} is silent nowhere"


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_panels_do_not_overlap(file: Path) -> None:
    cells = [
        (x, y)
        for panel in json.loads(file.read_text())["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_ports_are_published_on_loopback_alone() -> None:
    lines = re.findall(r"^    ports:\n((?:      - .*\n)+)", COMPOSE.read_text(), flags=re.MULTILINE)
    published = [port for block in lines for port in re.findall(r'- "?([^"\n]+)', block)]
    assert len(published) == 6
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_images_are_pinned() -> None:
    images = re.findall(r"^ +image: (\S+)", COMPOSE.read_text(), flags=re.MULTILINE)
    assert images
    version = r":(local|v?\d+\.\d+\.\d+(-[a-z-]+)?)(@sha256:[0-9a-f]{64})?"
    assert [name for name in images if not re.search(rf"{version}$", name)] == []


def test_the_base_of_the_image_is_pinned_by_its_digest() -> None:
    text = DOCKERFILE.read_text()
    assert set(re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE)) == {"${BASE}"}
    assert re.search(r"^ARG BASE=python:\d+\.\d+\.\d+-[a-z-]+@sha256:[0-9a-f]{64}$", text, flags=re.MULTILINE)


def test_the_image_is_built_from_all_that_its_build_asks_for() -> None:
    asked_for = {"pyproject.toml", "uv.lock", "deploy/uv.txt", "README.md", "streams", "config"}
    asked_for |= {"tierflow", "hatch_build.py", "compile_logic.py", "inline_caches.h"}
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (PROJECT / "deploy/Dockerfile").read_text(), flags=re.MULTILINE)
    let_in = re.findall(r"^!(\S+)$", (PROJECT / ".dockerignore").read_text(), flags=re.MULTILINE)
    assert set(" ".join(copied).split()) == set(let_in) == asked_for


def test_files_mounted_by_compose_exist() -> None:
    mounted = re.findall(r"- (\./[^:]+):", COMPOSE.read_text())
    assert len(mounted) == 5
    assert [path for path in mounted if not (PROJECT / path).exists()] == []


def compose(token: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "compose", "--file", str(COMPOSE), "--env-file", "/dev/null", "config"],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "TIERFLOW_HTTP_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
        timeout=stretched(60),
    )


@pytest.fixture
def _compose_client() -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], check=False).returncode:
        pytest.skip("no docker compose client on this machine")


@pytest.mark.usefixtures("_compose_client")
def test_compose_takes_the_file() -> None:
    answer = compose("a-token")
    assert answer.returncode == 0, answer.stderr


@pytest.mark.usefixtures("_compose_client")
def test_compose_asks_for_the_token() -> None:
    answer = compose("")
    assert answer.returncode != 0
    assert "write TIERFLOW_HTTP_TOKEN=" in answer.stderr


def test_workers_of_compose_ask_one_another_and_nobody_elsewhere() -> None:
    [peers] = re.findall(r'TIERFLOW_HTTP_PEERS: "(.+)"', COMPOSE.read_text())
    check_host_pattern(peers, "TIERFLOW_HTTP_PEERS")
    assert matches("4f2a9c01d7be", [peers]), "the name that a container is given"
    assert not matches("twelve.signs", [peers])


def test_the_image_runs_compiled_as_a_user_without_rights() -> None:
    _, build, run = re.split(r"^FROM ", DOCKERFILE.read_text(), flags=re.MULTILINE)
    assert "TIERFLOW_WHEEL=compiled uv sync --frozen --no-dev --extra otlp --no-editable" in build
    assert "gcc" not in run
    assert run.index("USER 10001:10001") < run.index("ENTRYPOINT")


def test_containers_of_ours_can_change_nothing() -> None:
    ours = COMPOSE.read_text().split("x-tierflow: &tierflow\n")[1].split("\nservices:")[0]
    for line in ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'):
        assert f"\n  {line}\n" in ours


def test_every_library_is_locked_with_its_hashes() -> None:
    packages = tomllib.loads((PROJECT / "uv.lock").read_text())["package"]
    files = {
        package["name"]: [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        for package in packages
        if package["name"] != "tierflow"
    }
    assert len(files) > 50
    assert [name for name, these in files.items() if not these] == []
    assert [file["url"] for these in files.values() for file in these if not file["hash"].startswith("sha256:")] == []


def test_uv_is_installed_by_its_hash() -> None:
    pinned = (PROJECT / "deploy/uv.txt").read_text()
    assert re.fullmatch(
        r"(?:#.*\n)+uv==\d+\.\d+\.\d+(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n",
        pinned,
    )
    for file in (PROJECT / "Makefile", DOCKERFILE):
        installs = [line for line in file.read_text().splitlines() if "pip install" in line]
        assert [line for line in installs if "--require-hashes" not in line] == []
