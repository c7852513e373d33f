"""The files of the PKDD'99 (Berka) bank data: trans, loan and disp, read and checked row by row."""

import csv
import gzip
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from streams.errors import UsageError

Row = Sequence[str]

DISP = ("disp_id", "client_id", "account_id", "type")
LOAN = ("loan_id", "account_id", "date", "amount", "duration", "payments", "status")
TRANS = (
    *("trans_id", "account_id", "date", "type", "operation"),
    *("amount", "balance", "k_symbol", "bank", "account"),
)

_FORMS = {
    **dict.fromkeys(("disp_id", "client_id", "account_id", "loan_id", "trans_id", "duration"), r"\d+"),
    "date": r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
    "amount": r"\d+(?:\.\d{1,4})?",
    "balance": r"-?\d+(?:\.\d{1,4})?",
}
_ANY = r'[^";]*'


class BerkaFiles(NamedTuple):
    """The rows of the folder that become events."""

    owners: Mapping[str, str]  # client_id by account_id
    disponents: Mapping[str, Sequence[str]]  # the client_ids of those who may dispose and do not own, by account_id
    loans: Mapping[str, Sequence[Row]]  # rows of loan.asc by date (YYMMDD)
    trans: Sequence[str]  # lines of trans.asc by date, in file order within a date

    def days(self) -> Iterator[tuple[str, Sequence[Row]]]:
        """Gives the dates (YYMMDD) that have a loan or transactions, in order, each with its rows of trans.asc."""
        loan_dates = sorted(self.loans, reverse=True)
        for date, rows in groupby(csv.reader(self.trans, delimiter=";"), key=itemgetter(2)):
            while loan_dates and loan_dates[-1] < date:
                yield loan_dates.pop(), ()
            if loan_dates and loan_dates[-1] == date:
                loan_dates.pop()
            yield date, list(rows)
        for date in reversed(loan_dates):
            yield date, ()


def read_berka(folder: Path) -> BerkaFiles:
    """Reads trans, loan and disp, each as .asc or .asc.gz.

    Transactions are kept as lines, because split into fields they would take several times the memory: the original
    data has a million of them, a tenth of a gigabyte as lines.

    Raises:
        UsageError: A file is missing or cannot be read, a row has another form, or an account has no owner.
    """
    trans, loan, disp = (_find(folder, name) for name in ("trans.asc", "loan.asc", "disp.asc"))
    owners: dict[str, str] = {}
    disponents: defaultdict[str, list[str]] = defaultdict(list)
    for _, client, account, kind in csv.reader(_lines(disp, DISP), delimiter=";"):
        if kind == "OWNER":
            owners[account] = client
        else:
            disponents[account].append(client)
    loans: defaultdict[str, list[Row]] = defaultdict(list)
    for row in csv.reader(_lines(loan, LOAN), delimiter=";"):
        _check_owner(row, owners, loan)
        loans[row[2]].append(row)
    lines = list(_lines(trans, TRANS))
    for row in csv.reader(lines, delimiter=";"):
        _check_owner(row, owners, trans)
    return BerkaFiles(owners, disponents, loans, sorted(lines, key=_date))


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise UsageError(f"there is no {folder / name}, nor a {name}.gz; name the folder that holds the PKDD'99 data")


def _lines(path: Path, columns: Sequence[str]) -> Iterator[str]:
    """Reads the lines after the header, and refuses a line that is not a row of these columns."""
    form = re.compile(";".join(f'(?:"{part}"|{part})' for part in (_FORMS.get(column, _ANY) for column in columns)))
    with gzip.open(path, "rt", encoding="ascii") if path.suffix == ".gz" else path.open(encoding="ascii") as file:
        try:
            header = file.readline().rstrip().replace('"', "")
            if header != ";".join(columns):
                raise UsageError(f"{path}: the first line is {header[:80]!r}; it must be {';'.join(columns)!r}")
            for number, written in enumerate(file, 2):
                line = written.rstrip()
                if form.fullmatch(line):
                    yield line
                elif line:
                    raise UsageError(
                        f"{path}, line {number}: {line[:80]!r} is no row of {';'.join(columns)}; write it as the "
                        "PKDD'99 data has it, or take it out"
                    )
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise UsageError(f"{path} cannot be read: {error}; take it from the PKDD'99 data anew") from error


def _check_owner(row: Row, owners: Mapping[str, str], path: Path) -> None:
    if row[1] not in owners:
        raise UsageError(
            f"{path}: row {row[0]} is of account {row[1]}, which has no OWNER in disp.asc; take all files from "
            "one data set"
        )


def _date(line: str) -> str:
    return line.split(";", 3)[2]
