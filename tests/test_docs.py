"""The documents hold: links lead somewhere, and what they say of the code is so."""

import re
import tomllib
from pathlib import Path

import pytest

from streams.metrics import Metrics
from streams.policy.compile.load import load_policy

PROJECT = Path(__file__).parents[1]
EXAMPLES = sorted((PROJECT / "examples").glob("*.md"))
PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").rglob("*.md")), *EXAMPLES]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
SUFFIX = {"counter": "_total", "info": "_info"}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def test_the_policy_in_the_readme_has_the_rules_of_the_standard_one() -> None:
    [shown] = re.findall(r"```toml\n(.+?)```", (PROJECT / "README.md").read_text(), flags=re.DOTALL)
    short = load_policy('name = "short"\nversion = 1\n' + shown)
    standard = load_policy((PROJECT / "config/policies/standard.toml").read_text())
    assert (short.floors_e16, short.measures, short.terms, short.falling) == (
        standard.floors_e16,
        standard.measures,
        standard.terms,
        standard.falling,
    )
    assert (short.caps, short.credit_share_e4) == (standard.caps, standard.credit_share_e4)
    assert tomllib.loads(shown)["rates"].items() <= tomllib.loads(standard.document)["rates"].items()


def test_every_metric_is_in_the_operations_page() -> None:
    page = (PROJECT / "docs/operations.md").read_text()
    families = [family for family in Metrics().registry.collect() if family.name.startswith("tierflow_")]
    names = {family.name + SUFFIX.get(family.type, "") for family in families}
    assert {name for name in names if f"`{name}" not in page} == set()


def test_files_that_the_architecture_names_exist() -> None:
    named = re.findall(r"`((?:streams|tests|config|deploy)/[\w./-]+)`", (PROJECT / "docs/architecture.md").read_text())
    assert len(named) > 10
    assert [path for path in named if not (PROJECT / path).exists()] == []
