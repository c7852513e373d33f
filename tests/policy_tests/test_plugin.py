"""The fixture `bank` in the tests of a policy's author, the example, and docs/policy-tests.md."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streams.testing.heard import FORMS
from tests.support.one_customer import policy_file

pytest_plugins = ["pytester"]

PROJECT = Path(__file__).parents[2]
EXAMPLE = PROJECT / "examples/policy_tests"
PAGE = (PROJECT / "docs/policy-tests.md").read_text()
LOOP = "-o", "asyncio_default_fixture_loop_scope=function"
ASKS = "def test_it(bank):\n    assert bank.policy.name == '{}'\n"


@pytest.fixture
def author(pytester: pytest.Pytester) -> pytest.Pytester:
    """The folder of an author with two policies, one of them in a folder beside."""
    shutil.copy(policy_file("standard.toml"), pytester.path)
    (pytester.path / "other").mkdir()
    shutil.copy(policy_file("assets-only.toml"), pytester.path / "other")
    return pytester


@pytest.fixture
def example(pytester: pytest.Pytester) -> pytest.Pytester:
    for file in EXAMPLE.iterdir():
        if file.is_file():
            shutil.copy(file, pytester.path)
    return pytester


def test_the_example_passes(example: pytest.Pytester) -> None:
    example.runpytest(*LOOP, "--strict-markers").assert_outcomes(passed=3)


def test_a_policy_that_is_changed_fails_as_the_page_shows(example: pytest.Pytester) -> None:
    policy = example.path / "our-policy.toml"
    policy.write_text(policy.read_text().replace("after_days = 30", ""))
    ran = example.runpytest(*LOOP)
    ran.assert_outcomes(passed=1, failed=2)
    [shown] = re.findall(r"```\n(our-policy version 1 .+?)```", PAGE, re.DOTALL)
    said = [re.sub(r"^E {3}(    )?", "", line).removeprefix("AssertionError: ").rstrip() for line in ran.outlines]
    assert "\n".join(line.removeprefix("  ") for line in shown.splitlines()) in "\n".join(
        line.removeprefix("  ") for line in said
    )


def test_the_page_shows_the_files_of_the_example() -> None:
    for language, file in (("toml", "our-policy.toml"), ("ini", "pytest.ini"), ("python", "test_our_policy.py")):
        assert re.findall(rf"```{language}\n(.+?)```", PAGE, re.DOTALL) == [(EXAMPLE / file).read_text()]


def test_the_page_has_every_form_of_an_event() -> None:
    heard = PAGE.partition("## What is heard")[2].partition("\n## ")[0]
    firsts = {form.split(" ")[0] for form in FORMS[:-1]} | set(FORMS[-1].split(", "))
    assert {word for word in firsts - {"TYPE"} if f"`{word}" not in heard} == set()


def test_the_configuration_names_a_policy(author: pytest.Pytester) -> None:
    author.makeini("[pytest]\ntierflow_policy = standard.toml")
    author.makepyfile(ASKS.format("standard"))
    author.runpytest(*LOOP).assert_outcomes(passed=1)


def test_an_option_holds_tests_against_another_policy(author: pytest.Pytester) -> None:
    author.makeini("[pytest]\ntierflow_policy = standard.toml")
    author.makepyfile(ASKS.format("assets-only"))
    author.runpytest(*LOOP, "--tierflow-policy", "other/assets-only.toml").assert_outcomes(passed=1)


def test_a_marker_says_it_first_from_the_tests_own_folder(author: pytest.Pytester) -> None:
    author.makeini("[pytest]\ntierflow_policy = standard.toml")
    marked = "import pytest\n@pytest.mark.policy('assets-only.toml')\n" + ASKS.format("assets-only")
    (author.path / "other/test_marked.py").write_text(marked)
    author.runpytest(*LOOP, "--strict-markers", "--tierflow-policy", "standard.toml").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ([], "no policy is named; write tierflow_policy = FILE into pytest.ini"),
        (["--tierflow-policy", "gone.toml"], "gone.toml cannot be read: No such file or directory"),
        (["--tierflow-policy", "broken.toml"], "broken.toml: currency: "),
    ],
)
def test_without_a_policy_that_can_be_used_a_test_says_what_to_write(
    author: pytest.Pytester, named: list[str], says: str
) -> None:
    (author.path / "broken.toml").write_text('name = "broken"\nversion = 1\n')
    author.makepyfile(ASKS.format("standard"))
    ran = author.runpytest(*LOOP, *named)
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines([f"*{says}*"])


def test_an_authors_own_fixture_of_that_name_is_theirs(author: pytest.Pytester) -> None:
    author.makepyfile(
        "import pytest\n@pytest.fixture\ndef bank():\n    return 7\ndef test_it(bank):\n    assert bank == 7"
    )
    author.runpytest(*LOOP).assert_outcomes(passed=1)


def test_the_plug_in_alone_does_not_import_the_engine() -> None:
    code = "import sys, tierflow.pytest_plugin; sys.exit('streams' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
