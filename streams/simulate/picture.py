"""The layout of a comparison as a picture: boxes and texts, which svg.py and png.py write as files.

From the top: who is compared and over which days, the matrix, its colours, what differs, what campaigns pay.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from streams.languages.said import say
from streams.simulate.matrix import Matrix, Move, Side
from streams.simulate.sentences import (
    Speech,
    differences,
    left_out_sentence,
    money_sentences,
    moves_sentence,
    percent,
    span_sentence,
    speech_in,
    title_sentence,
)

Anchor = Literal["start", "middle", "end"]

# Blue and orange: people who cannot tell red from green can tell these apart. Red, green and blue from 0 to 255.
FULL: dict[Move | None, tuple[int, int, int]] = {
    "up": (33, 113, 181),
    "down": (217, 95, 14),
    "same": (95, 99, 104),
    None: (117, 107, 177),
}
_LEGEND: tuple[tuple[Move | None, str], ...] = (
    ("up", say("moves up")),
    ("down", say("moves down")),
    ("same", say("stays")),
    (None, say("tiers not comparable")),
)
_INK, _FAINT, _PAPER, _PLAIN = "#1a1a1a", "#5f6368", "#ffffff", "#f4f5f7"
_MARGIN, _CELL_W, _CELL_H, _HEAD_H, _TITLE_H, _GAP = 24, 128, 76, 64, 102, 4
_LABEL_MIN, _LABEL_MAX = 110, 260
_LEGEND_H = 44
_SWATCHES_W, _WORD_GAP = 56, 28
_DARKER = say("the darker, the more of the row")
_NOTES_W, _NOTE_H, _NOTE_HEAD_H, _NOTES_MOST = 620, 20, 34, 14
# The weakest share of a full colour that a cell gets, so that a cell with a single customer is visible.
_LEAST = 0.10
# Below this brightness, of 255, a box gets white letters. `_EYE` weighs red, green and blue as the eye does.
_DARK = 150
_EYE = (0.299, 0.587, 0.114)
_WIDE_EM, _NARROW_EM = 1.0, 0.56
# A word with the space after it, or one character of another script.
_PARTS = re.compile(r"[!-~]+\s*|\s+|.")


class Box(NamedTuple):
    """A filled rectangle; x and y are its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    fill: str


class Text(NamedTuple):
    """A line of text. y is its baseline; x is its start, middle or end, as `anchor` says."""

    x: float
    y: float
    text: str
    size: int
    fill: str
    anchor: Anchor
    bold: bool


class Picture(NamedTuple):
    """A picture of `width` by `height` points; later shapes cover earlier ones."""

    width: int
    height: int
    title: str
    shapes: list[Box | Text]


def picture_of(
    matrix: Matrix, can_show: Callable[[str], bool] = lambda _: True, language: str | None = None
) -> Picture:
    """Lays the matrix out as a picture.

    can_show: says whether the fonts at hand have all characters of a text; a tier's name that they lack is left out.
    language: None: English, and tiers with their Chinese names where they have any.
    """
    return _Drawing(matrix, can_show, speech_in(language)).picture()


class _Drawing:
    def __init__(self, matrix: Matrix, can_show: Callable[[str], bool], speech: Speech) -> None:
        self._matrix = matrix
        self._can_show = can_show
        self._speech, self._tell = speech, speech.tell
        self._shapes: list[Box | Text] = []
        rows = matrix.before.tiers
        texts = [(tier, 14) for tier in rows] + [(self._name(matrix.before, tier), 12) for tier in rows]
        texts.append((self._under(matrix.before), 12))
        widest = max(_width(text, size) for text, size in texts)
        self._label_w = min(max(_LABEL_MIN, widest + 20), _LABEL_MAX)
        self._left = _MARGIN + self._label_w
        self._top = _MARGIN + _TITLE_H + _HEAD_H
        headings = [(self._title, 20), *((line, 13) for line in self._below_title())]
        heading = max(_width(line, size) for line, size in headings)
        table = self._label_w + (len(matrix.after.tiers) + 1) * (_CELL_W + _GAP)
        words = [word for _, word in self._moves()]
        legend = sum(_SWATCHES_W + _width(word, 12) + _WORD_GAP for word in words) + _width(self._tell(_DARKER), 12)
        self._width = round(2 * _MARGIN + max(table, heading, legend, _NOTES_W))
        self._notes_top = self._top + (len(rows) + 1) * (_CELL_H + _GAP) + _LEGEND_H
        self._notes = [*self._all_notes()]
        notes_h = sum(_NOTE_HEAD_H + _NOTE_H * len(lines) for _, lines in self._notes)
        self._height = round(self._notes_top + notes_h + _MARGIN)

    @property
    def _title(self) -> str:
        return self._tell(title_sentence(self._matrix))

    def _under(self, side: Side) -> str:
        return self._tell(say("under {policy}", policy=side.label))

    def _below_title(self) -> list[str]:
        matrix = self._matrix
        lines = span_sentence(matrix, self._speech.writing), moves_sentence(matrix), left_out_sentence(matrix)
        return [self._tell(line) for line in lines if line]

    def _all_notes(self) -> Iterator[tuple[str, list[str]]]:
        """Gives the sections below the matrix: a heading, and lines that are no wider than the picture."""
        matrix = self._matrix
        yield self._tell(say("What differs")), self._lines(differences(matrix, self._speech))
        money = list(money_sentences(matrix, self._speech))
        if money:
            yield self._tell(say("Money and services")), self._lines(money)

    def _lines(self, sentences: Sequence[str]) -> list[str]:
        width = self._width - 2 * _MARGIN
        lines = [line for sentence in sentences for line in _wrapped(self._tell(sentence), 13, width)]
        if len(lines) <= _NOTES_MOST:
            return lines
        rest = len(lines) - _NOTES_MOST + 1
        return [*lines[: _NOTES_MOST - 1], self._tell(say("and {number} lines more", number=rest))]

    def picture(self) -> Picture:
        matrix = self._matrix
        self._shapes.append(Box(0, 0, self._width, self._height, _PAPER))
        self._heading()
        for column, tier in enumerate(matrix.after.tiers):
            x = self._x(column) + _CELL_W / 2
            self._label(matrix.after, tier, (x, self._top - 26), _CELL_W - 8, "middle")
        self._text(
            self._x(len(matrix.after.tiers)) + _CELL_W / 2,
            self._top - 26,
            self._tell(say("all")),
            14,
            "middle",
            bold=True,
        )
        for row, tier in enumerate(matrix.before.tiers):
            self._row(row, tier)
        self._totals()
        self._legend()
        self._below()
        return Picture(self._width, self._height, self._title, self._shapes)

    # --- parts ---

    def _heading(self) -> None:
        matrix, y = self._matrix, _MARGIN
        self._text(_MARGIN, y + 18, self._title, 20, bold=True)
        for number, line in enumerate(self._below_title()):
            self._text(_MARGIN, y + 42 + 18 * number, line, 13, fill=_FAINT)
        # The policies' labels stand at the table's edges: the first policy's tiers are rows, the second's are columns.
        self._text(self._left, self._top - 54, self._under(matrix.after), 12, fill=_FAINT)
        self._text(_MARGIN, self._top - 10, _cut(self._under(matrix.before), 12, self._label_w), 12, fill=_FAINT)

    def _row(self, row: int, tier: str) -> None:
        matrix, y = self._matrix, self._y(row)
        self._label(matrix.before, tier, (_MARGIN, y + _CELL_H / 2 - 2), self._label_w - 12, "start")
        for column, other in enumerate(matrix.after.tiers):
            self._cell(self._x(column), y, tier, other)
        self._total(self._x(len(matrix.after.tiers)), y, matrix.rows[tier])

    def _cell(self, x: float, y: float, tier: str, other: str) -> None:
        matrix = self._matrix
        count, in_row, move = matrix.counts[tier, other], matrix.rows[tier], matrix.move(tier, other)
        if not count:
            self._shapes.append(Box(x, y, _CELL_W, _CELL_H, _PLAIN))
            self._text(x + _CELL_W / 2, y + _CELL_H / 2 + 6, "0", 16, "middle", fill="#9aa0a6")
            return
        strength = _LEAST + (1 - _LEAST) * count / in_row
        colour = _mixed(FULL[move], strength)
        ink = _PAPER if _brightness(colour) < _DARK else _INK
        middle = x + _CELL_W / 2
        self._shapes.append(Box(x, y, _CELL_W, _CELL_H, _hex(colour)))
        self._text(middle, y + 29, f"{count:,}", 18, "middle", fill=ink, bold=True)
        self._text(middle, y + 48, self._of_all(count), 12, "middle", fill=ink)
        self._text(
            middle, y + 64, self._tell(say("{share} of the row", share=percent(count, in_row))), 12, "middle", fill=ink
        )

    def _totals(self) -> None:
        matrix, y = self._matrix, self._y(len(self._matrix.before.tiers))
        self._text(_MARGIN, y + _CELL_H / 2 + 5, self._tell(say("all")), 14, bold=True)
        for column, tier in enumerate(matrix.after.tiers):
            self._total(self._x(column), y, matrix.columns[tier])
        self._total(self._x(len(matrix.after.tiers)), y, matrix.customers)

    def _total(self, x: float, y: float, count: int) -> None:
        self._text(x + _CELL_W / 2, y + 36, f"{count:,}", 16, "middle", bold=True)
        self._text(x + _CELL_W / 2, y + 54, self._of_all(count), 12, "middle", fill=_FAINT)

    def _of_all(self, count: int) -> str:
        return self._tell(say("{share} of all", share=percent(count, self._matrix.customers)))

    def _legend(self) -> None:
        y = self._notes_top - 16
        x: float = _MARGIN
        for move, word in self._moves():
            for step, strength in enumerate((0.2, 0.6, 1.0)):
                self._shapes.append(Box(x + 16 * step, y, 16, 14, _hex(_mixed(FULL[move], strength))))
            self._text(x + _SWATCHES_W, y + 12, word, 12, fill=_FAINT)
            x += _SWATCHES_W + _width(word, 12) + _WORD_GAP
        self._text(x, y + 12, self._tell(_DARKER), 12, fill=_FAINT)

    def _below(self) -> None:
        y = self._notes_top
        for heading, lines in self._notes:
            self._text(_MARGIN, y + _NOTE_HEAD_H - 8, heading, 14, bold=True)
            y += _NOTE_HEAD_H
            for line in lines:
                self._text(_MARGIN, y + 13, line, 13)
                y += _NOTE_H

    def _label(self, side: Side, tier: str, place: tuple[float, float], width: float, anchor: Anchor) -> None:
        x, y = place
        self._text(x, y, _cut(tier, 14, width), 14, anchor, bold=True)
        self._text(x, y + 18, _cut(self._name(side, tier), 12, width), 12, anchor, fill=_FAINT)

    # --- places and words ---

    def _moves(self) -> list[tuple[Move | None, str]]:
        """Gives the entries of the legend; "not comparable" is one only if a cell is."""
        found = self._matrix.moves()
        return [(move, self._tell(word)) for move, word in _LEGEND if move is not None or found[move]]

    def _x(self, column: int) -> float:
        return self._left + column * (_CELL_W + _GAP)

    def _y(self, row: int) -> float:
        return self._top + row * (_CELL_H + _GAP)

    def _name(self, side: Side, tier: str) -> str:
        """Gives the tier's name in the first language that can be shown; unless asked, Chinese is tried first."""
        names = side.names.get(tier, {})
        wanted = self._speech.writing.words.names if self._speech.names else ("zh",)
        ordered = sorted(names, key=lambda language: not language.startswith(wanted))
        return next((names[language] for language in ordered if self._can_show(names[language])), "")

    def _text(  # noqa: PLR0913 - what a text is
        self,
        x: float,
        y: float,
        text: str,
        size: int,
        anchor: Anchor = "start",
        *,
        fill: str = _INK,
        bold: bool = False,
    ) -> None:
        if text:
            self._shapes.append(Text(x, y, text, size, fill, anchor, bold))


def _mixed(colour: Sequence[int], strength: float) -> list[int]:
    """Mixes the colour with white. strength: 1 is the full colour, 0 is white."""
    return [round(255 - (255 - part) * strength) for part in colour]


def _brightness(colour: Sequence[int]) -> float:
    return sum(part * weight for part, weight in zip(colour, _EYE, strict=True))


def _hex(colour: Sequence[int]) -> str:
    return "#" + bytes(colour).hex()


def _is_wide(char: str) -> bool:
    """Says whether the character is as wide as it is high, as Chinese characters are."""
    return unicodedata.east_asian_width(char) in "WF"


def _width(text: str, size: int) -> float:
    """Estimates the width of a text in points, since the font that shows it is not known here."""
    return size * sum(_WIDE_EM if _is_wide(char) else _NARROW_EM for char in text)


def _cut(text: str, size: int, width: float) -> str:
    """Gives the text, shortened to the width if it is wider."""
    if _width(text, size) <= width:
        return text
    return max(_beginnings(text, size, width), key=len, default="") + "…"


def _wrapped(text: str, size: int, width: float) -> list[str]:
    """Cuts a text to lines of at most the width: between words, and anywhere between Chinese characters."""
    lines, line = [], ""
    for part in _PARTS.findall(text):
        if line and _width((line + part).rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += part
    return [*lines, line.rstrip()]


def _beginnings(text: str, size: int, width: float) -> Iterator[str]:
    return (text[:end] for end in range(len(text)) if _width(text[:end] + "…", size) <= width)
