"""The documentation site: what it is laid out of, and its reference. `make site` builds it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from streams.metrics import COUNTED
from streams.values.events import TOPICS

PROJECT = Path(__file__).parents[1]
CONFIG = (PROJECT / "mkdocs.yml").read_text()
PAGES = re.findall(r": ([\w./-]+\.md)$", CONFIG, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "deploy/site.py", str(folder)], cwd=PROJECT, check=True)
    return folder


def test_every_page_of_the_documents_is_in_the_navigation() -> None:
    there = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "docs").rglob("*.md")}
    assert there - set(PAGES) == set()
    assert len(PAGES) == len(set(PAGES))


def test_a_warning_fails_the_site() -> None:
    assert "\nstrict: true\n" in CONFIG
    # mkdocs counts no warnings where it is told to be quiet.
    assert re.search(r"mkdocs build$", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE)
    assert "make site" in (PROJECT / ".ci/run").read_text()


def test_every_page_is_laid_out_with_what_it_links_to(sources: Path) -> None:
    assert [page for page in PAGES if not (sources / page).is_file()] == []
    for beside in ("config/tierflow.env", "docs/images/path.svg", "examples/campaign_subscriber.py"):
        assert (sources / beside).read_bytes() == (PROJECT / beside).read_bytes()
    assert "- [standard.toml](standard.toml)" in (sources / "config/policies/index.md").read_text()


def test_the_reference_has_every_topic_command_route_and_metric(sources: Path) -> None:
    page = {path.stem: path.read_text() for path in (sources / "reference").glob("*.md")}
    assert [topic for topic in TOPICS if f"\n## bank.{topic}\n" not in page["topics"]] == []
    assert "\n## tier.changes\n" in page["topics"]
    for command in ("demo", "kafka start", "policy publish", "topics grow", "bench latency", "intake check"):
        assert f"\n## tierflow {command}\n" in page["commands"]
    assert "| `GET /customers/{customer_id}` |" in page["http"]
    assert [metric for metric, _, _ in COUNTED.values() if f"`{metric}`" not in page["metrics"]] == []
