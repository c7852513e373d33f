"""The answers of `tierflow simulate --compare`: a table, one JSON object, the customers of a cell, a picture."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from streams.cli.output import table_console, visible
from streams.errors import UsageError
from streams.simulate.matrix import (
    Matrix,
    customers_of,
    left_out_sentence,
    matrix_message,
    matrix_of,
    moves_sentence,
    percent,
)

if TYPE_CHECKING:
    from streams.simulate import Simulation

_STYLES = {"up": "blue", "down": "dark_orange3", "same": "", None: "magenta"}
_FIGURES = ("customers", "of all", "of the row")


def write_answer(
    before: "Simulation", after: "Simulation", cell: tuple[str, str] | None, *, as_json: bool, picture: Path | None
) -> None:
    """Writes the comparison of two simulations to standard output, and the picture to its file if one is wanted.

    before, after: the simulations under --policy and --compare. cell: the tiers of --list; None: all cells.
    """
    matrix = matrix_of(before, after)
    if picture is not None:
        _write_picture(matrix, picture)
    if cell is not None:
        _write_customers(customers_of(cell, before, after))
    elif as_json:
        typer.echo(msgspec.json.encode(matrix_message(matrix)).decode())
    else:
        print_matrix(matrix)


def print_matrix(matrix: Matrix) -> None:
    """Prints the matrix as a table. A cell has three lines: customers, their share of all, their share of the row."""
    console = table_console()
    console.print(Text(f"rows: tier under {matrix.before.label}; columns: tier under {matrix.after.label}"))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("from / to", overflow="fold")
    table.add_column("", no_wrap=True, style="dim")
    for tier in (*matrix.after.tiers, "all"):
        table.add_column(tier, justify="right", overflow="fold", header_style="bold")
    for tier in matrix.before.tiers:
        cells = [_cell(matrix, tier, other) for other in matrix.after.tiers]
        total = _figures(matrix.rows[tier], matrix.customers, matrix.rows[tier])
        table.add_row(Text(tier, "bold"), "\n".join(_FIGURES), *cells, total, end_section=True)
    totals = [*(matrix.columns[tier] for tier in matrix.after.tiers), matrix.customers]
    table.add_row(
        Text("all", "bold"), "\n".join(_FIGURES[:2]), *(_figures(count, matrix.customers) for count in totals)
    )
    console.print(table)
    console.print(Text(moves_sentence(matrix)))
    if left_out := left_out_sentence(matrix):
        console.print(Text(left_out))


def _cell(matrix: Matrix, tier: str, other: str) -> Text:
    count = matrix.counts[tier, other]
    if not count:
        return Text("0", "dim")
    figures = _figures(count, matrix.customers, matrix.rows[tier])
    figures.stylize(_STYLES[matrix.move(tier, other)])
    return figures


def _figures(count: int, *wholes: int) -> Text:
    return Text("\n".join([f"{count:,}", *(percent(count, whole) for whole in wholes)]))


def _write_customers(customers: list[bytes]) -> None:
    if sys.stdout.isatty():
        for customer in customers:
            typer.echo(visible(customer.decode()))
    else:
        sys.stdout.buffer.write(b"".join(customer + b"\n" for customer in customers))
        sys.stdout.buffer.flush()


def _write_picture(matrix: Matrix, file: Path) -> None:
    try:
        file.write_bytes(_drawn(matrix, is_png=file.suffix.lower() == ".png"))
    except OSError as error:
        raise UsageError(f"--picture: {file} cannot be written: {error.strerror}; write another name") from error


def _drawn(matrix: Matrix, *, is_png: bool) -> bytes:
    from streams.simulate.picture import picture_of

    if is_png:
        from streams.simulate.png import can_show, png

        return png(picture_of(matrix, can_show))
    from streams.simulate.svg import svg

    return svg(picture_of(matrix))
