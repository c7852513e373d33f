"""The checker tells what is wrong from what is right: kept histories, and a recorded one, made wrong in many ways."""

import json
from pathlib import Path
from random import Random

import pytest

from tests.histories.checking import LINEARIZABLE, NOT_LINEARIZABLE, UNKNOWN, UNREADABLE, Checker, NoCheckerError
from tests.histories.mutations import MUTATIONS, Mutation
from tests.histories.operation import Operation, read, write
from tests.support.patience import stretched

KEPT = Path(__file__).with_name("kept")
RECORDED = KEPT / "recorded.jsonl"
pytestmark = pytest.mark.timeout(stretched(300))  # the first build compiles Go's own library


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Checker:
    try:
        return Checker(tmp_path_factory.mktemp("checker"))
    except NoCheckerError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kept", sorted(KEPT.glob("right-*.jsonl")), ids=lambda kept: kept.stem)
def test_what_is_right_is_linearizable(checker: Checker, kept: Path, tmp_path: Path) -> None:
    status, said = checker.verdict([kept], tmp_path)
    assert status == LINEARIZABLE, said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kept", sorted(KEPT.glob("wrong-*.jsonl")), ids=lambda kept: kept.stem)
def test_what_is_wrong_is_told_and_drawn(checker: Checker, kept: Path, tmp_path: Path) -> None:
    status, said = checker.verdict([kept], tmp_path)
    assert status == NOT_LINEARIZABLE, said
    assert said.startswith(f"NOT linearizable: {kept.stem.split('-')[1]} ")
    [picture] = tmp_path.iterdir()
    assert "<html" in picture.read_text()


def test_a_recorded_history_is_linearizable(checker: Checker, tmp_path: Path) -> None:
    status, said = checker.verdict([RECORDED], tmp_path)
    assert status == LINEARIZABLE, said
    assert {line.split()[1] for line in said.splitlines()} == {"budget", "customer", "policy"}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_recorded_history_that_is_made_wrong_is_told(checker: Checker, mutation: Mutation, tmp_path: Path) -> None:
    recorded = read(RECORDED)
    for seed in range(5):
        mutated = mutation(recorded, Random(seed))  # noqa: S311 - repeatable, not secret
        assert mutated is not None
        write(tmp_path / "mutated.jsonl", mutated)
        status, said = checker.verdict([tmp_path / "mutated.jsonl"], tmp_path)
        assert status == NOT_LINEARIZABLE, (seed, said)


def test_what_takes_too_long_is_not_known(checker: Checker, tmp_path: Path) -> None:
    """Thirty asks at once, none like another, come to more than there is: there are too many orders to try."""
    asks = [
        Operation(
            "budget",
            "gift",
            number,
            0,
            1,
            {"id": f"S{number}", "amount_e4": 1 << number, "spends": True, "triggers": None, "limit_e4": (1 << 30) - 2},
            {"granted_e4": [1 << number]},
        )
        for number in range(30)
    ]
    write(tmp_path / "hard.jsonl", asks)
    status, said = checker.verdict([tmp_path / "hard.jsonl"], tmp_path, within="100ms")
    assert (status, said) == (UNKNOWN, "unknown: budget gift: 30 operations: not found out within 100ms\n")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "weather"}, 'no model of this kind: "weather"'),
        ({"input": {"publish": 1, "more": 2}}, 'input: json: unknown field "more"'),
        ({"call_ns": 9}, "it ends before it begins"),
    ],
)
def test_a_line_that_no_model_knows_is_refused(
    checker: Checker, change: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    line = Operation("policy", "0", 1, 0, 5, {"publish": 1}, {"in_force": 1})._asdict()
    file = tmp_path / "odd.jsonl"
    file.write_text(json.dumps({**line, **change}) + "\n")
    assert checker.verdict([file], tmp_path) == (UNREADABLE, f"{file}, line 1: {sentence}\n")
