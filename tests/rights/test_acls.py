"""`tierflow acls` prints what kafka-acls.sh takes, and the page has the very table."""

import os
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from streams.kafka.acls import Grant, as_table, commands
from streams.kafka.rights.right import Right, rights_of
from streams.kafka.rights.roles import ROLES
from streams.settings import Settings
from tests.support.commands import tierflow

PAGE = (Path(__file__).parents[2] / "deploy" / "kafka-acls.md").read_text(encoding="utf-8")
NAMES = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
TOGETHER = ("topics", "grow", "policy", "simulate", "replay", "resend", "customers")


@pytest.mark.parametrize("role", [role for role in ROLES if role != "operator"])
def test_the_page_has_the_table_of_the_role(role: str) -> None:
    section = PAGE.partition(f"\n## {role}\n")[2].partition("\n## ")[0]
    table = as_table(ROLES[role](Settings.from_environment({}, dotenv=None)))
    assert "\n".join(line for line in section.splitlines() if line.startswith("|")) == table


def test_the_operator_is_the_roles_that_the_page_says() -> None:
    settings = Settings.from_environment({}, dotenv=None)
    assert rights_of(ROLES["operator"](settings)) == rights_of(
        row for role in TOGETHER for row in ROLES[role](settings)
    )
    assert f"{', '.join(TOGETHER[:-1])} and {TOGETHER[-1]} together" in PAGE


@pytest.mark.parametrize(
    "given", [{}, {"TIERFLOW_RATES": "on", "TIERFLOW_ACCOUNTS": "on", "TIERFLOW_TABLES": "connect"}]
)
@pytest.mark.parametrize("role", ROLES)
def test_no_right_stands_beside_one_that_implies_it(role: str, given: dict[str, str]) -> None:
    rights = rights_of(ROLES[role](Settings.from_environment(given, dotenv=None)))
    implied = {
        right._replace(operation="DESCRIBE") for right in rights if right.operation in ("READ", "WRITE", "ALTER")
    }
    assert implied & set(rights) == set() or role == "operator"


def test_names_come_from_the_settings() -> None:
    environment = {**NAMES, "TIERFLOW_APP_ID": "t2", "TIERFLOW_INPUT_PREFIX": "in-", "TIERFLOW_OUTPUT_PREFIX": "out-"}
    said = tierflow(environment, "acls", "--role", "worker", "--principal", "User:w")
    named = set(re.findall(r"--(?:topic|group|transactional-id) (\S+)", said.out))
    assert said.status == 0
    assert {name for name in named if not name.startswith(("in-", "out-", "t2"))} == set()
    assert {"in-loans", "out-changes", "t2-candidates", "t2", "t2-"} <= named


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--role", "boss", "--principal", "User:w"], "--role is 'boss'; write one of worker, producer, "),
        (["--role", "worker", "--principal", "w"], "--principal is 'w'; write type and name, such as User:"),
    ],
)
def test_what_cannot_be_is_said(options: list[str], what: str) -> None:
    said = tierflow(NAMES, "acls", *options)
    assert said.status == 2
    assert what in said.err


BEGINS = (
    "kafka-acls.sh --bootstrap-server k:9092 --command-config admin.properties --add --allow-principal 'User:CN=a b'"
)


def test_what_has_the_same_operations_is_one_command_quoted_for_a_shell() -> None:
    rights = [
        Right("WRITE", "topic", "a"),
        Right("READ", "topic", "a"),
        Right("READ", "topic", "b"),
        Right("WRITE", "topic", "b"),
        Right("DESCRIBE_CONFIGS", "topic", "c"),
        Right("WRITE", "transactional id", "app-", prefixed=True),
    ]
    assert commands(rights, Grant("k:9092", "User:CN=a b", admin_config="admin.properties")) == [
        f"{BEGINS} --operation Read --operation Write --topic a --topic b",
        f"{BEGINS} --operation DescribeConfigs --topic c",
        f"{BEGINS} --operation Write --resource-pattern-type prefixed --transactional-id app-",
    ]


def test_they_are_taken_away_from_the_host_that_they_were_for() -> None:
    [line] = commands([Right("READ", "group", "g")], Grant("k:9092", "User:u", host="10.0.0.1", remove=True))
    assert "--remove --force --allow-principal User:u --allow-host 10.0.0.1 --operation Read --group g" in line


@pytest.mark.parametrize("role", ROLES)
def test_the_commands_give_the_table_and_nothing_else(role: str) -> None:
    rights = rights_of(ROLES[role](Settings.from_environment({}, dotenv=None)))
    given = [right for line in commands(rights, Grant("k:9092", "User:u")) for right in read_back(line)]
    assert len(given) == len(rights)
    assert set(given) == set(rights)


def read_back(line: str) -> list[Right]:
    """What kafka-acls.sh makes of a command: every operation on every resource that it names."""
    words = shlex.split(line)
    options = [(word, after) for word, after in pairwise(words) if word.startswith("--")]
    operations = [re.sub(r"(?<!^)(?=[A-Z])", "_", value).upper() for name, value in options if name == "--operation"]
    prefixed = ("--resource-pattern-type", "prefixed") in options
    kinds = {"--topic": "topic", "--group": "group", "--transactional-id": "transactional id"}
    places = [(kinds[name], value) for name, value in options if name in kinds]
    return [Right(cast("Any", each), cast("Any", kind), name, prefixed) for each in operations for kind, name in places]
