"""ISO 20022 statements and notifications: booked entries, balances, reversals."""

from typing import Any

import pytest

from streams.intake.record import Row, Skipped
from streams.intake.refused import MalformedError
from tests.support.statements import REVERSAL, balance, entry, rows_of, statement


def values(text: bytes) -> list[Any]:
    return [row.row.value if isinstance(row.row, Row) else row.row for row in rows_of(text)]


def test_a_booked_entry_has_the_account_its_dates_and_its_amount_as_it_is_written() -> None:
    [row] = values(statement(entry("R1", end_to_end_id="E1")))
    assert row == {
        "statement": "s-328",
        "created_at": "2026-11-25T01:00:00+08:00",
        "account": "0048-12345",
        "account_currency": "TWD",
        "account_type": None,
        "owner": "Lin Mei",
        "owner_id": "C001",
        "kind": "entry",
        "number": 0,
        "reference": "R1",
        "entry_reference": "1",
        "reversal": False,
        "original": None,
        "amount": "50000.00",
        "currency": "TWD",
        "sign": "CRDT",
        "booked_at": "2026-11-24",
        "value_at": "2026-11-24",
        "code": "PMNT-RCDT-ESCT",
        "own_code": None,
        "end_to_end_id": "E1",
        "return_reason": None,
        "text": None,
        "details": 1,
    }


def test_balances_are_rows_of_their_own_kind() -> None:
    opening, closing = values(statement(balance("OPBD", "1200000.00"), balance()))
    assert (opening["type"], opening["amount"]) == ("OPBD", "1200000.00")
    assert (closing["kind"], closing["type"], closing["sign"], closing["at"]) == (
        "balance",
        "CLBD",
        "CRDT",
        "2026-11-24",
    )


@pytest.mark.parametrize("version", ["02", "08", "13"])
def test_all_versions_are_read(version: str) -> None:
    status = "BOOK" if version == "02" else "<Cd>BOOK</Cd>"
    assert [row["reference"] for row in values(statement(entry("R1", status=status), version=version))] == ["R1"]


def test_a_notification_is_read_as_a_statement_is() -> None:
    text = statement(entry("R1"), message="BkToCstmrDbtCdtNtfctn", part="Ntfctn")
    assert [row["reference"] for row in values(text)] == ["R1"]


def test_an_entry_that_is_not_booked_is_skipped() -> None:
    pending, booked = values(statement(entry("R1", status="<Cd>PDNG</Cd>"), entry("R2")))
    assert pending == Skipped("an entry that is not booked: PDNG")
    assert booked["reference"] == "R2"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({"reference": "R1"}, {"reference": "R1"}),
        ({"reference": "R1", "end_to_end_id": "E1"}, {"reference": "R2", "end_to_end_id": "E1"}),
    ],
)
def test_a_reversal_names_the_entry_that_it_undoes(first: dict[str, str], again: dict[str, str]) -> None:
    undone, _, reversal = values(
        statement(
            entry(**first, sign="DBIT", at="2026-11-23"),
            entry("R9", sign="DBIT"),
            entry(**again, sign="CRDT", reversal=REVERSAL),
        )
    )
    assert (undone["original"], reversal["reversal"]) == (None, True)
    assert (reversal["original"]["reference"], reversal["original"]["booked_at"]) == ("R1", "2026-11-23")


@pytest.mark.parametrize(
    "reversal",
    [
        entry("R1", amount="50001.00", reversal=REVERSAL),  # another amount
        entry("R1", sign="DBIT", reversal=REVERSAL),  # the same direction
        entry("R2", reversal=REVERSAL),  # another reference
        entry("NONREF", reversal=REVERSAL),
    ],
)
def test_a_reversal_of_an_entry_of_another_statement_names_none(reversal: str) -> None:
    *_, last = values(statement(entry("NONREF", sign="DBIT"), entry("R1", sign="DBIT"), reversal))
    assert (last["reversal"], last["original"]) == (True, None)


def test_an_entry_is_undone_once() -> None:
    *_, first, second = values(
        statement(entry("R1", sign="DBIT"), entry("R1", reversal=REVERSAL), entry("R1", reversal=REVERSAL))
    )
    assert first["original"] is not None
    assert second["original"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "no XML"),
        (b"id,amount\n1,2\n", "no XML"),
        (b"<Document><Other/></Document>", "it is no camt.053 and no camt.054"),
        (b'<!DOCTYPE d [<!ENTITY e "x">]><d>&e;</d>', "no XML that is read here"),
        (statement(entry("R1"))[:-40], "no XML"),
    ],
)
def test_what_is_no_statement_is_malformed(text: bytes, said: str) -> None:
    with pytest.raises(MalformedError, match=said):
        rows_of(text)
