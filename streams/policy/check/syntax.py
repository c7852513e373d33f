"""Lines that are no valid TOML: what is wrong with one in plain words, and the document without that fault.

tomllib stops at the first fault. So each is mended or left out, and the rest is read again (check.py). Rows are the
lines of the document as a list; lines are numbered from 1.
"""

import re

from streams.languages.said import and_also, clauses, joined, say
from streams.policy.check.found import Fault
from streams.policy.check.lines import Lines
from streams.policy.language.forms import quoted
from streams.policy.language.problem import Path

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
# A table or a word that has a letter which TOML takes only in quotes.
_NAMED = re.compile(r"""(\s*(?:\[{1,2}\s*)?)([^\s"'\[\]{}=#.]*[^\x00-\x7f][^\s"'\[\]{}=#.]*)(?=\s*[\]=])""")
_STRINGS = re.compile(r"""#.*|"(?:[^"\\]|\\.)*"|'[^']*'""")
_OPEN_TEXT = re.compile(r"""["']""")
_DECIMAL_COMMA = re.compile(r"[ \t]*([+-]?\d+,\d{1,2}|[+-]?\d+,\d{4,8})[ \t]*(#.*)?")
_UNCLOSED = say(
    "what begins here is not closed, or a comma is missing; write a comma between its parts and ] or }} at its end"
)
# The signs that word processors and input methods write, and the plain signs that TOML takes.
_TYPOGRAPHIC = str.maketrans(dict(zip("“”„＂「」＝，、［］｛｝＃\u3000\u00a0", '""""""=,,[]{}#  ', strict=True)))  # noqa: RUF001
_SHOWN = 80
_NO_KEY = "Invalid initial character for a key"
_SAID = (
    ("Expected '=' after a key", say("there is no = after the word; write it as word = value")),
    (
        "Invalid value",
        say("there is no value after =, or one that cannot be read; write a text in quotes, or a number"),
    ),
    (
        "Unclosed array",
        say("a [ is not closed, or a comma is missing; write a comma between its parts and ] at its end"),
    ),
    (
        "Unclosed inline table",
        say("a {{ is not closed, or a comma is missing; write a comma between its parts and }} at its end"),
    ),
    ("Unterminated string", say('a text is not closed; write " at its end')),
    ("Illegal character '\\n'", say('a text is not closed; write " at its end')),
    ("Expected newline or end of document", say("there is more after the value; write one word = value a line")),
    ("Expected ']", say("the brackets of this table are not closed; write [table], or [[tiers]] for a tier")),
    (_NO_KEY, say("there is no word here; write word = value")),
    (
        "Invalid statement",
        say("a line begins with a word, or with a table in brackets; write word = value, or [table]"),
    ),
    ("Unescaped '\\'", say("a backslash stands for a special sign; write it twice, or the text in single quotes")),
    ("Duplicate inline table key", say("a word is there twice between {{ and }}; take one of them out")),
    ("Cannot mutate immutable", say("this table is complete already; write its words in one place")),
    ("Found invalid character", say("there is a sign here that cannot be shown; write the line anew")),
    ("Illegal character", say("there is a sign here that cannot be shown; write the line anew")),
    ("Invalid date", say("there is no such date")),
)


def fault_of(document: str, line: int, said: str) -> Fault:
    """Gives the fault at a line. said: the message of tomllib."""
    lines, rows = Lines(document), document.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    if said.startswith(("Cannot overwrite", "Cannot declare")):
        fault = _repeat(rows, lines) or _single_brackets(rows, row, lines) or _misspelt_above(rows, row)
        if fault is not None:
            return fault
    path = _path(rows, line, lines)
    fault = (
        _typographic(rows, line, path)
        or _foreign_letters(rows, line)
        or (_broken_table(rows, line, path) if said.startswith(_NO_KEY) else None)
    )
    if fault is not None:
        return fault
    mended, unquoted = _in_quotes(row)
    if unquoted:
        told = joined(
            [say("{raw} is not in quotes; write {text}", raw=raw, text=text) for raw, text in unquoted], clauses
        )
        return Fault(line, path, told, _with(rows, line, mended))
    opened = _opened(rows, line)
    if opened is not None and (said.startswith("Unclosed") or _begins_anew(row)):
        return Fault(
            opened,
            _path(rows, opened, lines),
            say("{unclosed}; what follows was not looked at", unclosed=_UNCLOSED),
            None,
        )
    message = next(
        (words for start, words in _SAID if said.startswith(start)), say("this is not valid TOML ({said})", said=said)
    )
    if _can_go(rows, line):
        return Fault(line, path, message, _with(rows, line, ""), is_lost=True)
    return Fault(line, path, say("{message}; what follows was not looked at", message=message), None)


def _path(rows: list[str], line: int, lines: Lines) -> Path:
    """Gives the table and the word of a line."""
    word = _ASSIGNS.match(rows[line - 1]) if line <= len(rows) else None
    return (*lines.table(line), *word[1].split(".")) if word else lines.table(line)


def _repeat(rows: list[str], lines: Lines) -> Fault | None:
    """Finds a word or a table that is there twice; the second one is left out."""
    if not lines.repeats:
        return None
    repeat = lines.repeats[0]
    written = ".".join(str(part) for part in repeat.path if isinstance(part, str))
    if repeat.is_table and isinstance(repeat.path[-1], int):
        return _doubled(rows, repeat.first, written)
    last = repeat.last
    if repeat.is_table:
        last = (lines.next_table(repeat.first) or len(rows) + 1) - 1
    what = say("the table [{written}]", written=written) if repeat.is_table else quoted(written)
    message = say(
        "{what} is there twice, first in line {first}; write it once", what=what, first=lines.line(repeat.path)
    )
    left = [*rows[: repeat.first - 1], *[""] * (last - repeat.first + 1), *rows[last:]]
    return Fault(repeat.first, repeat.path, message, "\n".join(left))


def _single_brackets(rows: list[str], row: str, lines: Lines) -> Fault | None:
    """Finds a [[table]] whose first one is in single brackets."""
    header = re.match(r"\s*\[\[\s*([\w.-]+)\s*]]", row)
    if header is None:
        return None
    first = lines.line(tuple(header[1].split(".")))
    return _doubled(rows, first, header[1]) if rows[first - 1].strip().startswith(f"[{header[1]}]") else None


def _doubled(rows: list[str], line: int, name: str) -> Fault:
    message = say("[{name}] is one of several; write it in two brackets: [[{name}]]", name=name)
    return Fault(line, tuple(name.split(".")), message, _with(rows, line, f"[[{name}]]"))


def _misspelt_above(rows: list[str], row: str) -> Fault | None:
    """Finds a table such as [tiers.strategy] below a [[table]] of another name, which is then taken as misspelt."""
    header = re.match(r"\s*\[\[\s*([\w.-]+)\s*]]", row)
    parts = [number for number, other in enumerate(rows) if header and other.strip().startswith(f"[{header[1]}.")]
    above = [number for number in range(parts[0] if parts else 0) if rows[number].strip().startswith("[[")]
    if header is None or not above:
        return None
    written, line = rows[above[-1]].strip(), above[-1] + 1
    message = say(
        "there is no table {written} in a policy; did you mean [[{header}]]?", written=written, header=header[1]
    )
    return Fault(line, (written.strip("[] "),), message, _with(rows, line, f"[[{header[1]}]]"))


def _typographic(rows: list[str], line: int, path: Path) -> Fault | None:
    """Finds curly quotes and full-width signs outside of texts; puts plain ones in their place."""
    row, plain, after = rows[line - 1] if line <= len(rows) else "", "", 0
    for text in _STRINGS.finditer(row):
        plain += _in_plain_signs(row[after : text.start()]) + text[0]
        after = text.end()
    plain += _in_plain_signs(row[after:])
    signs = dict.fromkeys(sign for sign, other in zip(row, plain, strict=True) if sign != other)
    if not signs:
        return None
    shown = [sign for sign in signs if sign.isprintable()]
    told = joined(shown, and_also) if shown else say("spaces of another kind")
    message = say(
        "{told} cannot be read here; write it with the plain signs of the keyboard: {plain}",
        told=told,
        plain=plain.strip()[:_SHOWN],
    )
    return Fault(line, path, message, _with(rows, line, plain))


def _in_plain_signs(text: str) -> str:
    return re.sub("‘([^’]*)’", r'"\1"', text).translate(_TYPOGRAPHIC)  # noqa: RUF001 - meant


def _foreign_letters(rows: list[str], line: int) -> Fault | None:
    """Finds a table or a word in other letters than a to z; puts it in quotes, so that it is told what there is."""
    row = rows[line - 1] if line <= len(rows) else ""
    named = _NAMED.match(row)
    if named is None or not named[2].isprintable():
        return None
    name = named[2]
    message = say("{name}: the tables and words of a policy are written in the letters a to z", name=quoted(name))
    mended = f'{named[1]}"{name}"{row[named.end(2) :]}'
    return Fault(line, (name,), message, _with(rows, line, mended))


def _broken_table(rows: list[str], line: int, path: Path) -> Fault | None:
    """Finds a { … } that goes over several lines, or has a comma before its end; mends it."""
    joined, last = _uncommented(rows[line - 1]), line
    message = say("there is a comma before }}; take it out")
    if joined.endswith(("{", ",")) and not re.search(r",\s*}", joined):
        message = say(
            "a {{ and its }} stand on one line, and only a [ may be closed in a later one; write it on one line"
        )
        while last < len(rows) and (last == line or _depth(joined) > 0):
            last += 1
            joined = f"{joined} {_uncommented(rows[last - 1])}"
    mended = re.sub(r",\s*}", " }", joined)
    if mended == rows[line - 1]:
        return None
    return Fault(line, path, message, "\n".join([*rows[: line - 1], mended, *[""] * (last - line), *rows[last:]]))


def _uncommented(row: str) -> str:
    return _STRINGS.sub(lambda found: "" if found[0].startswith("#") else found[0], row).rstrip()


def _depth(row: str) -> int:
    plain = _STRINGS.sub("", row)
    return plain.count("{") - plain.count("}")


def _in_quotes(row: str) -> tuple[str, list[tuple[str, str]]]:
    """Puts quotes around what needs them in a row; gives the row, and each such part without and with quotes."""
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
    """Says whether the next rows can still be read if this one is left out."""
    row = rows[line - 1] if line <= len(rows) else ""
    if row.lstrip().startswith("[") or '"""' in row:
        return False
    following = next((other for other in rows[line:] if other.strip() and not other.lstrip().startswith("#")), "")
    is_open = _OPEN_TEXT.search(_STRINGS.sub("", row)) is not None
    return _closes(row) or (is_open and (not following or _begins_anew(following)))


def _begins_anew(row: str) -> bool:
    """Says whether a row looks like the head of a table or a word with its value, and not like a part of a list."""
    return re.match(r"""\[|[\w."'-]+[ \t]*=""", row) is not None


def _closes(row: str) -> bool:
    """Says whether all brackets of a row are closed in it."""
    plain = _STRINGS.sub("", row)
    return all(plain.count(opening) == plain.count(closing) for opening, closing in ("[]", "{}"))


def _opened(rows: list[str], line: int) -> int | None:
    """Gives the line of the word above whose value is still open at this line; None where there is none."""
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
