"""What a release goes out by: version, changelog, workflow, support."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[1]
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text())
VERSION = METADATA["project"]["version"]
TEXT = (PROJECT / ".github/workflows/release.yml").read_text()
JOBS: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["jobs"]


def test_the_changelog_has_a_heading_for_the_version() -> None:
    [newest, *_] = re.findall(r"^## \[(.+?)\]", (PROJECT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert newest == ("Unreleased" if "dev" in VERSION else VERSION)


def test_the_upgrade_notes_lead_to_the_version() -> None:
    headings = re.findall(r"^## From (.+) to (.+)$", (PROJECT / "docs/upgrading.md").read_text(), flags=re.MULTILINE)
    assert headings[0][1] == VERSION.partition(".dev")[0]


def test_actions_are_pinned_by_the_commit_of_a_release() -> None:
    used = re.findall(r"uses: (.+)$", TEXT, flags=re.MULTILINE)
    assert len(used) > 10
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []
    assert len(set(used)) == len({line.partition("@")[0] for line in used}), "one release of each action"


def test_only_who_attests_or_publishes_may_prove_who_it_is() -> None:
    assert yaml.safe_load(TEXT)["permissions"] == {}
    proving = {name for name, job in JOBS.items() if job["permissions"].get("id-token") == "write"}
    writing = {name for name, job in JOBS.items() if job["permissions"].get("contents") == "write"}
    assert (proving, writing) == ({"attest", "publish"}, {"page"})
    # None of these runs what is in the checkout.
    assert {name for name in proving | writing if "checkout" in str(JOBS[name]["steps"])} == set()
    assert JOBS["publish"]["environment"] == "pypi"
    assert "secrets." not in TEXT


def test_nothing_is_published_before_tests_and_check() -> None:
    def before(name: str) -> set[str]:
        needs = JOBS[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else set(needs)
        return direct.union(*map(before, direct))

    assert before("publish") == {"attest", "tests", "check", "source", "wheels", "version"}
    assert before("page") > before("publish")


@pytest.mark.parametrize("minor", ["3.11", "3.12", "3.13"])
def test_each_python_that_is_supported_has_a_wheel_and_is_said_to(minor: str) -> None:
    assert f"cp{minor.replace('.', '')}-*" in METADATA["tool"]["cibuildwheel"]["build"]
    assert f"Programming Language :: Python :: {minor}" in METADATA["project"]["classifiers"]
    assert minor in (PROJECT / "SUPPORT.md").read_text()
