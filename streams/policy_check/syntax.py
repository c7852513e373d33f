"""Lines that are no valid TOML: what is wrong in plain words, and the document without that, to read on."""

import re
from typing import NamedTuple

from streams.engine.problems import Path
from streams.engine.texts import quoted
from streams.policy_check.lines import Lines


class Fault(NamedTuple):
    """A line that is no valid TOML.

    document: the same lines with this fault mended or left out, None where nothing can be read any more.
    lost: the places that were left out.
    """

    line: int
    message: str
    document: str | None
    lost: tuple[Path, ...] = ()


_ASSIGNS = re.compile(r"""\s*([\w."'-]+)[ \t]*(=?)""")
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?P<comment>\#.*)"""
    r"""|(?P<thousands>(?<![\w.,-])[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?%?(?![\w.,]))"""
    r"""|(?P<bare>[^\s"'\[\]{},=#]+(?:[ \t]+[^\s"'\[\]{},=#]+)*)(?P<key>[ \t]*=)?""",
    re.VERBOSE,
)
_PROPER = re.compile(
    r"true|false|[+-]?(inf|nan)|[+-]?(0|[1-9](_?\d)*)(\.\d(_?\d)*)?([eE][+-]?\d+)?"
    r"|\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?)?|\d\d:\d\d:\d\d(\.\d+)?"
)
_SAID = (
    ("Expected '=' after a key", "there is no = after the word; write it as word = value"),
    ("Invalid value", "there is no value after =, or one that cannot be read; write a text in quotes, or a number"),
    ("Unclosed array", "a list is not closed, or a comma is missing; write a comma between its parts and ] at its end"),
    (
        "Unclosed inline table",
        "a { is not closed, or a comma is missing; write a comma between its parts and } at its end",
    ),
    ("Unterminated string", 'a text is not closed; write " at its end'),
    ("Illegal character '\\n'", 'a text is not closed; write " at its end'),
    ("Expected newline or end of document", "there is more after the value; write one word = value a line"),
    ("Expected ']", "the brackets of this table are not closed; write [table], or [[tiers]] for a tier"),
    ("Invalid initial character for a key", "there is no word here; write word = value"),
    ("Unescaped '\\'", "a backslash stands for a special sign; write it twice, or the text in single quotes"),
    ("Duplicate inline table key", "a word is there twice between { and }; take one of them out"),
    ("Cannot mutate immutable", "this table is complete already; write its words in one place"),
    ("Invalid date", "there is no such date"),
)


def fault_of(document: str, line: int, said: str) -> Fault:
    """The fault at a line, of which the reader of TOML said something."""
    lines = Lines(document)
    if said.startswith(("Cannot overwrite", "Cannot declare")) and lines.repeats:
        return _repeat(document, lines)
    rows = document.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    mended, unquoted = _in_quotes(row)
    if unquoted:
        told = "; ".join(f"{raw} is not in quotes; write {text}" for raw, text in unquoted)
        return Fault(line, told, _with(rows, line, mended))
    message = next((words for start, words in _SAID if said.startswith(start)), f"this is not valid TOML ({said})")
    opened = _opened(rows, line) if said.startswith("Unclosed") else line
    if opened == line and not row.lstrip().startswith("[") and _closes(row):
        word = _ASSIGNS.match(row)
        lost = ((*lines.table(line), *re.split(r"\.", word[1])),) if word else ()
        return Fault(line, message, _with(rows, line, ""), lost)
    return Fault(opened, message, None)


def _repeat(document: str, lines: Lines) -> Fault:
    """A word or a table that is there twice: the second one is left out."""
    repeat = lines.repeats[0]
    rows = document.split("\n")
    last = repeat.last
    if repeat.is_table:
        last = (lines.next_table(repeat.first) or len(rows) + 1) - 1
    written = ".".join(str(part) for part in repeat.path if isinstance(part, str))
    what = f"the table [{written}]" if repeat.is_table else quoted(written)
    first = lines.line(repeat.path)
    message = f"{what} is there twice, first in line {first}; write it once"
    left = [*rows[: repeat.first - 1], *[""] * (last - repeat.first + 1), *rows[last:]]
    return Fault(repeat.first, message, "\n".join(left))


def _in_quotes(row: str) -> tuple[str, list[tuple[str, str]]]:
    """The row with quotes around what needs them, and what that was."""
    head, equals, tail = row.partition("=")
    found: list[tuple[str, str]] = []

    def mend(token: re.Match[str]) -> str:
        bare = token["thousands"] or token["bare"]
        if bare is None or token["key"] or _PROPER.fullmatch(bare):
            return token[0]
        plain = bare.replace(",", "").replace("\\", "")
        found.append((bare, f'"{plain}"'))
        return f'"{plain}"'

    return head + equals + _TOKEN.sub(mend, tail), found


def _closes(row: str) -> bool:
    """Whether the brackets of a row are closed in it, so that it can be left out."""
    plain = _TOKEN.sub(lambda token: "" if token["string"] or token["comment"] else token[0], row)
    return all(plain.count(opening) == plain.count(closing) for opening, closing in ("[]", "{}")) and '"""' not in row


def _opened(rows: list[str], line: int) -> int:
    """The line in which what is not closed in this line begins."""
    for number in range(min(line, len(rows)), 0, -1):
        if _ASSIGNS.match(rows[number - 1]) and "=" in rows[number - 1] and not _closes(rows[number - 1]):
            return number
    return line


def _with(rows: list[str], line: int, row: str) -> str:
    return "\n".join([*rows[: line - 1], row, *rows[line:]])
