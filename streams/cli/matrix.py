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
from streams.languages.said import say
from streams.simulate.matrix import Matrix, Side, customers_of, matrix_message, matrix_of
from streams.simulate.sentences import (
    Speech,
    differences,
    left_out_sentence,
    money_sentences,
    moves_sentence,
    percent,
    span_sentence,
    speech_in,
)

if TYPE_CHECKING:
    from streams.simulate import Simulation

_STYLES = {"up": "blue", "down": "dark_orange3", "same": "", None: "magenta"}
_FIGURES = (say("customers"), say("of all"), say("of the row"))


def write_answer(  # noqa: PLR0913 - the options of an answer
    before: "Simulation",
    after: "Simulation",
    cell: tuple[str, str] | None,
    *,
    as_json: bool,
    picture: Path | None,
    lang: str | None,
) -> None:
    """Writes the comparison of two simulations to standard output, and the picture to its file if one is wanted.

    before, after: the simulations under --policy and --compare. cell: the tiers of --list; None: all cells.
    lang: the language of the table and the picture; None: English, with tiers by their ids.
    """
    matrix = matrix_of(before, after)
    if picture is not None:
        _write_picture(matrix, picture, lang)
    if cell is not None:
        _write_customers(customers_of(cell, before, after))
    elif as_json:
        typer.echo(msgspec.json.encode(matrix_message(matrix)).decode())
    else:
        print_matrix(matrix, lang)


def print_matrix(matrix: Matrix, lang: str | None = None) -> None:
    """Prints the matrix as a table. A cell has three lines: customers, their share of all, their share of the row.

    Below it: who moves, over which days, what differs between the policies, and what campaigns pay.
    """
    console, speech = table_console(), speech_in(lang)
    axes = say(
        "rows: tier under {before}; columns: tier under {after}",
        before=matrix.before.label,
        after=matrix.after.label,
    )
    console.print(Text(speech.tell(axes)))
    console.print(_table(matrix, speech))
    heads = moves_sentence(matrix), left_out_sentence(matrix), span_sentence(matrix, speech.writing)
    lines = [
        *filter(None, heads),
        say("what differs:"),
        *(f"  {one}" for one in map(speech.tell, differences(matrix, speech))),
    ]
    for line in (*lines, *money_sentences(matrix, speech)):
        console.print(Text(speech.tell(line)), soft_wrap=True)


def _table(matrix: Matrix, speech: Speech) -> Table:
    figures = [speech.tell(figure) for figure in _FIGURES]
    everybody = speech.tell(say("all"))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(speech.tell(say("from / to")), overflow="fold")
    table.add_column("", no_wrap=True, style="dim")
    for name in (*(_name(matrix.after, tier, speech) for tier in matrix.after.tiers), everybody):
        table.add_column(Text(name), justify="right", overflow="fold", header_style="bold")
    for tier in matrix.before.tiers:
        cells = [_cell(matrix, tier, other) for other in matrix.after.tiers]
        total = _figures(matrix.rows[tier], matrix.customers, matrix.rows[tier])
        row = Text(_name(matrix.before, tier, speech), "bold")
        table.add_row(row, "\n".join(figures), *cells, total, end_section=True)
    totals = [*(matrix.columns[tier] for tier in matrix.after.tiers), matrix.customers]
    table.add_row(
        Text(everybody, "bold"), "\n".join(figures[:2]), *(_figures(count, matrix.customers) for count in totals)
    )
    return table


def _name(side: Side, tier: str, speech: Speech) -> str:
    return visible(speech.writing.name(side.names.get(tier, {}), tier)) if speech.names else tier


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


def _write_picture(matrix: Matrix, file: Path, lang: str | None) -> None:
    try:
        file.write_bytes(_drawn(matrix, lang, is_png=file.suffix.lower() == ".png"))
    except OSError as error:
        raise UsageError(f"--picture: {file} cannot be written: {error.strerror}; write another name") from error


def _drawn(matrix: Matrix, lang: str | None, *, is_png: bool) -> bytes:
    from streams.simulate.picture import picture_of

    if is_png:
        from streams.simulate.png import can_show, png

        if lang is not None and not can_show(speech_in(lang).tell(say("what differs:"))):
            raise UsageError(
                "--picture: no font of this machine has Chinese characters; install tierflow with its fonts "
                "(pip install 'tierflow[fonts]') or one of the system (Debian: apt-get install fonts-noto-cjk), "
                "or write a name with .svg"
            )
        return png(picture_of(matrix, can_show, lang), lang)
    from streams.simulate.svg import svg

    return svg(picture_of(matrix, language=lang))
