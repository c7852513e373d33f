"""What several commands print with."""

import pytest

from streams.cli.output import PIPE_COLUMNS, counted, in_groups, print_list, visible


@pytest.mark.parametrize(("number", "written"), [(0, "0 events"), (1, "1 event"), (1234, "1,234 events")])
def test_a_number_has_its_noun_in_the_right_form(number: int, written: str) -> None:
    assert counted(number, "event") == written


def test_a_terminal_does_not_act_on_what_is_shown() -> None:
    assert visible("C001\x1b[2J\n王") == "C001\\u001b[2J\\u000a王"


def test_a_list_in_a_pipe_is_not_cut_and_shows_what_cannot_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    detail = "x" * (PIPE_COLUMNS - 20)
    print_list(("offset", "detail"), [("7", detail), ("12", "a\x07b")], numbers={"offset"})
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[3:5] == [f"7  {detail}", "12  a\\u0007b"]


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        ("1234567.00", "1,234,567.00"), ("-1234.5678", "-1,234.5678"), ("999.99", "999.99"), ("1000", "1,000"),
        ("poor", "poor"), ("", ""), ("2026-11", "2026-11"), ("400000000000000.0001", "400,000,000,000,000.0001"),
    ],
)  # fmt: skip
def test_figures_are_told_in_groups_and_nothing_else_is(figure: str, told: str) -> None:
    assert in_groups(figure) == told
