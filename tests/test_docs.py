"""The documents hold: links lead somewhere, and what they say of the code is so."""

import ast
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from streams.metrics import Metrics
from streams.policy.campaigns import CampaignTerms
from streams.policy.compile.load import load_policy

PROJECT = Path(__file__).parents[1]
EXAMPLES = sorted((PROJECT / "examples").glob("*.md"))
TOP = [PROJECT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "SUPPORT.md")]
PAGES = [*TOP, *sorted((PROJECT / "docs").rglob("*.md")), *EXAMPLES]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
# What a list names for a case that its example is not.
WHERE_NEEDED = {
    f"streams/{path}.py"
    for path in (
        "policy/check/campaign_warnings",
        "policy/compile/policy",
        "contracts/schema_details",
        "contracts/display",
    )
}
ELSEWHERE = {
    "A kind of measure": {"streams/engine/measures/fold.py", "streams/engine/state.py"},
    "A transaction type": {"streams/contracts/outputs.py", "streams/load/berka.py"},
    "An input event": {
        "streams/contracts/newest_change.py",
        "streams/contracts/packing.py",
        "streams/values/fingerprint.py",
    },
}
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


def literals() -> set[str]:
    """All strings of the code, those with values in them in one piece: … stands for a value."""
    found = set[str]()
    for path in (PROJECT / "streams").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_messages_that_the_operations_page_quotes_are_those_of_the_code() -> None:
    rows = re.findall(
        r"^\| (.+?) \| ", section(PROJECT / "docs/operations.md", "When a worker stops"), flags=re.MULTILINE
    )
    pieces = {piece.strip() for row in rows[2:] for piece in re.split(r"…|[,;:()]|\bor\b|\d+", row)}
    said = literals()
    quoted = {piece for piece in pieces if " " in piece}
    assert len(quoted) > 50
    assert {piece for piece in quoted if not any(piece in text for text in said)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = re.findall(r"`((?:streams|tests|config|deploy|docs)/[\w./-]+)`", page.read_text())
    assert [path for path in named if not (PROJECT / path).exists()] == []


def test_files_of_the_walk_exist() -> None:
    walk = section(PROJECT / "docs/architecture.md", "The walk of one event")
    named = re.findall(r"([\w/]+/\w+\.py) ", walk.partition("\n- ")[0])
    assert len(named) > 20
    folders = [PROJECT / "streams", PROJECT / "streams/engine"]
    assert [path for path in named if not any((folder / path).exists() for folder in folders)] == []


def test_the_rooms_of_the_architecture_are_those_that_import_linter_holds() -> None:
    rooms = section(PROJECT / "docs/architecture.md", "Rooms")
    listed = [re.split(r"  +", line.strip())[0] for line in rooms.splitlines() if line.startswith("    ")]
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["name"] == "Rooms"]
    assert [line.split(", ") for line in listed] == [layer.split(" | ") for layer in layers]


def test_the_readme_lists_every_room() -> None:
    listed = re.findall(r"^    ([a-z/, ]+?)  ", section(PROJECT / "README.md", "The code"), flags=re.MULTILINE)
    rooms = {path.parent.name for path in (PROJECT / "streams").glob("*/__init__.py")}
    assert {room for line in listed for room in line.split(", ")} - {"worker/frame"} == rooms


CONTRIBUTIONS = re.findall(
    r"^### (.+?)\n\n`git grep -lE '(.+?)'`\n\n(.+?)\n\n",
    (PROJECT / "CONTRIBUTING.md").read_text(),
    flags=re.MULTILINE | re.DOTALL,
)


@pytest.mark.parametrize(("what", "pattern", "steps"), CONTRIBUTIONS, ids=[what for what, _, _ in CONTRIBUTIONS])
def test_the_files_to_touch_are_those_that_its_like_touches(what: str, pattern: str, steps: str) -> None:
    """Each listed module holds the example that the search finds, so that a list cannot grow old unnoticed."""
    listed = re.findall(r"`((?:streams|config)/[\w./]+)`", steps)
    silent = {path for path in listed if not re.search(pattern, (PROJECT / path).read_text())}
    assert len(listed) - len(silent) >= 2, what
    assert silent <= ELSEWHERE.get(what, set())


def test_every_kind_of_campaign_is_in_every_file_of_the_list() -> None:
    [steps] = [steps for what, _, steps in CONTRIBUTIONS if what == "A campaign kind"]
    shared = set(re.findall(r"`(streams/[\w./]+)`", steps)) - {"streams/engine/campaigns/fee_alert.py"} - WHERE_NEEDED
    for terms in get_args(CampaignTerms):
        kind = re.sub(r"(?<!^)(?=[A-Z])", "_", terms.__name__).lower()
        assert (PROJECT / f"streams/engine/campaigns/{kind}.py").exists()
        mentions = re.compile(rf"{terms.__name__}|{kind}")
        assert {path for path in shared if not mentions.search((PROJECT / path).read_text())} == set()


def section(page: Path, heading: str) -> str:
    """Gives the text under a heading of the second level."""
    return page.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_tests_that_hold_a_guarantee_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", (PROJECT / "docs/guarantees.md").read_text())
    assert len(named) > 20
    assert [path for path in named if not (PROJECT / path).exists()] == []
