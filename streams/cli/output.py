"""What several commands print with: consoles, lists as tables, text that a terminal does not act on, counted nouns."""

import re
import sys
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

# Wide enough that no row is cut where the output is not a terminal.
PIPE_COLUMNS = 240
_FIGURE = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def table_console() -> "Console":
    """Makes a console for tables on standard output: as wide as the terminal, or `PIPE_COLUMNS` where there is none."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS, highlight=False)


def print_list(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[str]) -> None:
    """Prints rows as a table. numbers: the columns that stand at the right and are never folded."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in columns:
        is_number = name in numbers
        # On a narrow terminal texts are folded, never cut off.
        table.add_column(name, no_wrap=is_number, justify="right" if is_number else "left", overflow="fold")
    for cells in rows:
        table.add_row(*(Text(visible(cell)) for cell in cells))
    table_console().print(table)


def visible(text: str) -> str:
    """Escapes the characters of a text that are not printable, so that a terminal does not act on them."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def in_groups(figure: str) -> str:
    """Writes a figure with commas between thousands, all of its decimals kept; other words stay as they are."""
    return f"{Decimal(figure):,f}" if _FIGURE.fullmatch(figure) else figure


def counted(number: int, noun: str) -> str:
    """Writes a number with its noun, in the plural where it is not one. noun: one whose plural ends with s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
