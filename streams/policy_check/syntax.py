"""Lines that are no valid TOML: what is wrong in plain words, and the document without that, to read on."""

import re
from typing import NamedTuple

from streams.engine.problems import Path
from streams.engine.texts import quoted
from streams.policy_check.lines import Lines


class Fault(NamedTuple):
    """A line that is no valid TOML, and its place as far as it can be made out.

    document: the same lines with this fault mended or left out, None where nothing can be read any more.
    is_lost: whether what stands at the place was left out.
    """

    line: int
    path: Path
    message: str
    document: str | None
    is_lost: bool = False


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
_STRINGS = re.compile(r"""#.*|"(?:[^"\\]|\\.)*"|'[^']*'""")
_OPEN_TEXT = re.compile(r"""["']""")
_DECIMAL_COMMA = re.compile(r"[ \t]*([+-]?\d+,\d{1,2}|[+-]?\d+,\d{4,8})[ \t]*(#.*)?")
_UNCLOSED = (
    "what begins here is not closed, or a comma is missing; write a comma between its parts and ] or } at its end"
)
_SAID = (
    ("Expected '=' after a key", "there is no = after the word; write it as word = value"),
    ("Invalid value", "there is no value after =, or one that cannot be read; write a text in quotes, or a number"),
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
    ("Found invalid character", "there is a sign here that cannot be shown; write the line anew"),
    ("Illegal character", "there is a sign here that cannot be shown; write the line anew"),
    ("Invalid date", "there is no such date"),
)


def fault_of(document: str, line: int, said: str) -> Fault:
    """The fault at a line, of which the reader of TOML said something."""
    lines, rows = Lines(document), document.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    if said.startswith(("Cannot overwrite", "Cannot declare")):
        fault = _repeat(rows, lines) or _single_brackets(rows, row, lines)
        if fault is not None:
            return fault
    path = _path(rows, line, lines)
    mended, unquoted = _in_quotes(row)
    if unquoted:
        told = "; ".join(f"{raw} is not in quotes; write {text}" for raw, text in unquoted)
        return Fault(line, path, told, _with(rows, line, mended))
    opened = _opened(rows, line)
    if opened is not None and (said.startswith("Unclosed") or _begins_anew(row)):
        return Fault(opened, _path(rows, opened, lines), f"{_UNCLOSED}; what follows was not looked at", None)
    message = next((words for start, words in _SAID if said.startswith(start)), f"this is not valid TOML ({said})")
    if _can_go(rows, line):
        return Fault(line, path, message, _with(rows, line, ""), is_lost=True)
    return Fault(line, path, f"{message}; what follows was not looked at", None)


def _path(rows: list[str], line: int, lines: Lines) -> Path:
    """The table and the word of a line."""
    word = _ASSIGNS.match(rows[line - 1]) if line <= len(rows) else None
    return (*lines.table(line), *word[1].split(".")) if word else lines.table(line)


def _repeat(rows: list[str], lines: Lines) -> Fault | None:
    """A word or a table that is there twice: the second one is left out."""
    if not lines.repeats:
        return None
    repeat = lines.repeats[0]
    written = ".".join(str(part) for part in repeat.path if isinstance(part, str))
    if repeat.is_table and isinstance(repeat.path[-1], int):
        return _doubled(rows, repeat.first, written)
    last = repeat.last
    if repeat.is_table:
        last = (lines.next_table(repeat.first) or len(rows) + 1) - 1
    what = f"the table [{written}]" if repeat.is_table else quoted(written)
    message = f"{what} is there twice, first in line {lines.line(repeat.path)}; write it once"
    left = [*rows[: repeat.first - 1], *[""] * (last - repeat.first + 1), *rows[last:]]
    return Fault(repeat.first, repeat.path, message, "\n".join(left))


def _single_brackets(rows: list[str], row: str, lines: Lines) -> Fault | None:
    """A [[table]] whose first one stands in single brackets."""
    header = re.match(r"\s*\[\[\s*([\w.-]+)\s*]]", row)
    if header is None:
        return None
    first = lines.line(tuple(header[1].split(".")))
    return _doubled(rows, first, header[1]) if rows[first - 1].strip().startswith(f"[{header[1]}]") else None


def _doubled(rows: list[str], line: int, name: str) -> Fault:
    message = f"[{name}] is one of several; write it in two brackets: [[{name}]]"
    return Fault(line, tuple(name.split(".")), message, _with(rows, line, f"[[{name}]]"))


def _in_quotes(row: str) -> tuple[str, list[tuple[str, str]]]:
    """The row with quotes around what needs them, and what that was."""
    head, equals, tail = row.partition("=")
    found: list[tuple[str, str]] = []
    if not equals or _OPEN_TEXT.search(_STRINGS.sub("", tail)):
        return row, found
    with_comma = _DECIMAL_COMMA.fullmatch(tail)
    if with_comma:
        text = f'"{with_comma[1].replace(",", ".")}"'
        return f"{head}= {text}", [(with_comma[1], text)]

    def mend(token: re.Match[str]) -> str:
        bare = token["thousands"] or token["bare"]
        if bare is None or not bare.isprintable() or token["key"] or _PROPER.fullmatch(bare):
            return token[0]
        plain = bare.replace(",", "").replace("\\", "")
        found.append((bare, f'"{plain}"'))
        return f'"{plain}"'

    return head + equals + _TOKEN.sub(mend, tail), found


def _can_go(rows: list[str], line: int) -> bool:
    """Whether a row can be left out and the next ones still be read."""
    row = rows[line - 1] if line <= len(rows) else ""
    if row.lstrip().startswith("[") or '"""' in row:
        return False
    following = next((other for other in rows[line:] if other.strip() and not other.lstrip().startswith("#")), "")
    is_open = _OPEN_TEXT.search(_STRINGS.sub("", row)) is not None
    return _closes(row) or (is_open and (not following or _begins_anew(following)))


def _begins_anew(row: str) -> bool:
    """Whether a row looks like a table's head or a word with its value, and no part of a list."""
    return re.match(r"""\[|[\w."'-]+[ \t]*=""", row) is not None


def _closes(row: str) -> bool:
    """Whether the brackets of a row are closed in it."""
    plain = _STRINGS.sub("", row)
    return all(plain.count(opening) == plain.count(closing) for opening, closing in ("[]", "{}"))


def _opened(rows: list[str], line: int) -> int | None:
    """The line of the word whose value is not closed before this line, or in it; None where there is none."""
    depth = 0
    for number in range(min(line, len(rows)), 0, -1):
        plain = _STRINGS.sub("", rows[number - 1])
        depth += (
            0 if number == line else sum(plain.count(sign) for sign in "[{") - sum(plain.count(sign) for sign in "]}")
        )
        if _begins_anew(plain) and number < line:
            return number if depth > 0 and not plain.startswith("[") else None
    return None


def _with(rows: list[str], line: int, row: str) -> str:
    return "\n".join([*rows[: line - 1], row, *rows[line:]])
