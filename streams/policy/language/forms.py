"""What the texts of a policy file have to look like, and the sentence for one that does not.

A type in words.py names its form, a key of FORMS. The sentence of a fault says what is wrong and what to write.
"""

import re
from datetime import date
from difflib import get_close_matches
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from streams.languages.said import say
from streams.policy.language.form import Form
from streams.values.currencies import CODES, IN_USE, meant_by
from streams.values.events import TRANSACTION_TYPES
from streams.values.money import RATE_DECIMALS, SHARE_DECIMALS, VALUE_DECIMALS, parse_fixed

LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_WORD = re.compile(r"\w[\w.-]{0,63}")
_TITLE_LENGTH = 200
_PRODUCT_LENGTH = 100
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_DIGITS = 30
_THOUSANDS = re.compile(r"-?[0-9]{1,3}([,_ '][0-9]{3})+(\.[0-9]+)?", re.ASCII)
_ROUND = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})? ?[km萬万億亿]", re.ASCII | re.IGNORECASE)
_ROUND_ZEROS = {"k": 3, "m": 6, "萬": 4, "万": 4, "億": 8, "亿": 8}
_OFFSET = re.compile(r"(utc|gmt)?\s*[+-]\s*[0-9:]+", re.ASCII | re.IGNORECASE)
# How much of a word has to be as in a known one. Of a currency's three letters, two are enough.
_CLOSE = 0.7
_CLOSE_CODE = 0.6
_SHOWN = 50


def quoted(text: str) -> str:
    """Writes a text as sentences show it: in quotes, on one line, cut after 50 characters."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text[:_SHOWN])
    return f'"{shown}{"…" if len(text) > _SHOWN else ""}"'


def closest(word: str, known: list[str], *, is_code: bool = False) -> str | None:
    """Gives the known word that is spelt much like this one, if there is one. is_code: whether it is a currency's."""
    plain = {name.lower().replace("-", "_"): name for name in known}
    wanted = word.lower().replace("-", "_").replace(" ", "_")
    close = get_close_matches(wanted, list(plain), 1, _CLOSE_CODE if is_code else _CLOSE)
    return plain[close[0]] if close else None


def unknown(word: str, known: list[str], what: str) -> str:
    """Gives the sentence for a word that is not known. what: what such a word names, such as "tier"."""
    close, listed = closest(word, known), ", ".join(known)
    if close is None:
        return say("there is no {what} {word}; there are {known}", what=what, word=quoted(word), known=listed)
    return say(
        "there is no {what} {word}; did you mean {close}? There are {known}",
        what=what,
        word=quoted(word),
        close=quoted(close),
        known=listed,
    )


def _word(text: str) -> str | None:
    if _WORD.fullmatch(text):
        return None
    if not text:
        return say('this is empty; write a word such as "mid"')
    suggestion = re.sub(r"[^\w.-]+", "-", text).strip("-.")[:64]
    write = (
        say("write {suggestion}", suggestion=quoted(suggestion))
        if _WORD.fullmatch(suggestion)
        else say('write a word such as "mid"')
    )
    return say(
        "{text} is no word: letters, digits, hyphens and underscores, no spaces, at most 64; {write}",
        text=quoted(text),
        write=write,
    )


def _language(text: str) -> str | None:
    if re.fullmatch(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*", text):
        return None
    return say('{text} is no language; write a code such as "en", "zh" or "zh-Hant"', text=quoted(text))


def _title(text: str) -> str | None:
    if text.strip() and text.isprintable() and len(text) <= _TITLE_LENGTH:
        return None
    return say('a name is one line of 1 to {most} characters; write one such as "standard"', most=_TITLE_LENGTH)


def _product(text: str) -> str | None:
    if text.strip() and text.isprintable() and len(text) <= _PRODUCT_LENGTH:
        return None
    return say(
        'a product is one line of 1 to {most} characters; write one such as "structured-note"',
        most=_PRODUCT_LENGTH,
    )


def _currency(text: str) -> str | None:
    if text in CODES:
        return None
    if re.fullmatch(r"[A-Z]{3}", text):
        close = meant_by(text) or closest(text, sorted(IN_USE), is_code=True)
        return say("{text} is no currency of ISO 4217; {close}", text=quoted(text), close=_instead(close))
    upper = text.strip().upper()
    code = upper if upper in CODES else meant_by(upper) or "TWD"
    return say(
        "{text} is no currency code of three capital letters (ISO 4217); write one such as {code}",
        text=quoted(text),
        code=quoted(code),
    )


def _instead(close: str | None) -> str:
    return say('write one such as "TWD"') if close is None else say("did you mean {close}?", close=quoted(close))


def _zone(text: str) -> str | None:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = [] if _OFFSET.fullmatch(text) else get_close_matches(text, available_timezones(), 1, _CLOSE)
        hint = say("did you mean {close}?", close=quoted(close[0])) if close else say('write one such as "Asia/Taipei"')
        return say("{text} is no time zone (IANA: continent and city); {hint}", text=quoted(text), hint=hint)
    return None


def _date(text: str) -> str | None:
    try:
        date.fromisoformat(text)
    except ValueError:
        is_date = False
    else:
        is_date = len(text) == len("2026-12-31")  # fromisoformat() takes shorter forms, and weeks, too
    return (
        None if is_date else say('{text} is no date; write year, month and day such as "2026-12-31"', text=quoted(text))
    )


def _year_day(text: str) -> str | None:
    month, _, day = text.partition("-")
    fits = re.fullmatch(r"[0-9]{1,2}-[0-9]{1,2}", text) and 1 <= int(month) <= len(LONGEST_MONTHS)
    if fits and 1 <= int(day) <= LONGEST_MONTHS[int(month) - 1]:
        return None
    return say('{text} is no day of the year; write month and day such as "06-30"', text=quoted(text))


def _transaction_type(text: str) -> str | None:
    return None if text in TRANSACTION_TYPES else unknown(text, sorted(TRANSACTION_TYPES), say("type of transaction"))


def _figure(  # noqa: PLR0911 - a sentence for each fault
    text: str, decimals: int, example: str, bounds: str = ""
) -> str | None:
    """Says what is wrong with a number.

    bounds: "" any number, ">0", ">=0", "share" from -1 to 1, "part" from 0 to 1, "weight" any number but 0.
    """
    if not _PLAIN.fullmatch(text):
        return _no_figure(text, example, is_share=bounds in ("share", "part", "weight"))
    fraction = text.partition(".")[2]
    if len(fraction.rstrip("0")) > decimals:
        return say(
            "{text} has {fraction} decimals; at most {decimals} are allowed",
            text=quoted(text),
            fraction=len(fraction),
            decimals=decimals,
        )
    if len(text) > _DIGITS:
        return say("{text} is too long; at most {digits} digits are allowed", text=quoted(text), digits=_DIGITS)
    figure = parse_fixed(text, decimals)
    if bounds == ">=0" and figure < 0:
        return say('{text} is below 0; write "0" or more', text=quoted(text))
    if bounds == "part" and not 0 <= figure <= 10**decimals:
        return say(
            '{text} is no part of the whole; write one from "0" to "1": a tenth is "{example}"',
            text=quoted(text),
            example=example,
        )
    if bounds == ">0" and figure <= 0:
        return say('{text} is not above 0; write a rate such as "{example}"', text=quoted(text), example=example)
    if bounds == "weight" and not figure:
        return say("a weight of 0 counts nothing; take the term out, or write another weight")
    if bounds == "share" and abs(figure) > 10**decimals:
        return say(
            '{text} is more than the whole; a share is from "-1" to "1", and a tenth is "0.10"', text=quoted(text)
        )
    return None


def _no_figure(text: str, example: str, *, is_share: bool) -> str:  # noqa: PLR0911 - a sentence for each fault
    """Gives the sentence for a text that is no plain number."""
    bare = text.strip()
    if _THOUSANDS.fullmatch(bare):
        plain = re.sub(r"[,_ ']", "", bare)
        return say(
            "{text} has {signs} between its digits; write it without commas: {plain}",
            text=quoted(text),
            signs=_signs(bare),
            plain=quoted(plain),
        )
    normal = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in bare.replace("．", "."))  # noqa: RUF001
    if normal != bare and _PLAIN.fullmatch(normal):
        return say(
            "{text} is written in full-width signs; write plain digits: {normal}",
            text=quoted(text),
            normal=quoted(normal),
        )
    if _ROUND.fullmatch(bare):
        return say(
            "{text} is short for a number; write all its digits: {bare}",
            text=quoted(text),
            bare=quoted(_all_digits(bare)),
        )
    if _PLAIN.fullmatch(bare):
        return say("{text} has spaces; write it without: {bare}", text=quoted(text), bare=quoted(bare))
    if _PLAIN.fullmatch(bare.removeprefix("+")):
        return say(
            "{text} begins with +; write it without: {plain}",
            text=quoted(text),
            plain=quoted(bare.removeprefix("+")),
        )
    percent = bare.removesuffix("%").strip().removeprefix("+")
    if bare.endswith("%") and _PLAIN.fullmatch(percent) and is_share:
        return say(
            "{text} is a percentage; write it as a share of 1: {percent}",
            text=quoted(text),
            percent=quoted(_hundredth(percent)),
        )
    if bare.endswith("%"):
        return say(
            '{text} is a percentage; here is a number wanted, such as "{example}"', text=quoted(text), example=example
        )
    if re.fullmatch(r"-?[0-9]+,[0-9]+", bare):
        example = bare.replace(",", ".")
    if "," in bare:
        return say(
            '{text} has a comma; write a point before decimals and nothing between thousands: "{example}"',
            text=quoted(text),
            example=example,
        )
    return say(
        '{text} is no plain number; write digits, and perhaps a point: "{example}"', text=quoted(text), example=example
    )


def _signs(text: str) -> str:
    return say("commas") if "," in text else say("signs")


def _all_digits(text: str) -> str:
    whole, _, fraction = text[:-1].strip().partition(".")
    zeros = _ROUND_ZEROS[text[-1].lower()]
    return (whole + fraction[:zeros].ljust(zeros, "0")).lstrip("0") + (
        f".{fraction[zeros:]}" if fraction[zeros:] else ""
    )


def _hundredth(percent: str) -> str:
    sign, digits = ("-", percent[1:]) if percent.startswith("-") else ("", percent)
    whole, _, fraction = digits.partition(".")
    whole = whole.rjust(3, "0")
    return f"{sign}{whole[:-2].lstrip('0') or '0'}.{whole[-2:]}{fraction}"


FORMS = {
    "text": Form("some words", lambda _: None),
    "word": Form("mid", _word),
    "language": Form("en", _language),
    "title": Form("standard", _title),
    "currency": Form("TWD", _currency),
    "product": Form("structured-note", _product),
    "zone": Form("Asia/Taipei", _zone),
    "date": Form("2026-12-31", _date),
    "year_day": Form("06-30", _year_day),
    "transaction_type": Form("purchase", _transaction_type),
    "floor": Form("500000", partial(_figure, decimals=VALUE_DECIMALS, example="500000", bounds=">=0")),
    "times": Form("5", partial(_figure, decimals=VALUE_DECIMALS, example="5", bounds=">=0")),
    "weight": Form("0.01", partial(_figure, decimals=SHARE_DECIMALS, example="0.01", bounds="weight")),
    "share": Form("-0.10", partial(_figure, decimals=SHARE_DECIMALS, example="-0.10", bounds="share")),
    "part": Form("0.10", partial(_figure, decimals=SHARE_DECIMALS, example="0.10", bounds="part")),
    "rate": Form("31.5", partial(_figure, decimals=RATE_DECIMALS, example="31.5", bounds=">0")),
}
