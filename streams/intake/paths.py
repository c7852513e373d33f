"""Paths and conditions of a mapping: JMESPath (https://jmespath.org), compiled once.

Beyond JMESPath, names of letters of any script need no quotes (交易類別 == '存款'), and where a path is names alone,
those with hyphens or spaces in them need none (account-id).

The library walks the tree of an expression for each record, which takes microseconds. Nearly all paths only name what
leads to a value: these become a look-up or two.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import jmespath
from jmespath.exceptions import JMESPathError, ParseError
from jmespath.visitor import TreeInterpreter

from streams.intake.exact import ExactFunctions
from streams.intake.refused import RefusedError
from streams.policy.language.forms import closest, quoted

RECORD = "_record"
"""The name by which paths reach what is around a row: its topic, partition and offset, its key, its headers."""

Find = Callable[[Any], Any]
_PLAIN_NAMES = re.compile(r"[^\W\d][\w-]*( [\w-]+)*(\.[^\W\d][\w-]*( [\w-]+)*)*")
_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\])*"|([^\W\d]\w*)""")
# Of those with a point or an exponent: literals of whole numbers are exact.
_LONG_NUMBER = re.compile(r"`\s*-?(?=[0-9]*[.eE])[0-9.eE+-]{17,}\s*`")
# In JMESPath "BOOKED" is the field of that name, so such a condition would hold for no record, without a word.
_QUOTED_NAME = re.compile(r'(==|!=)\s*"')
_interpreter = TreeInterpreter(jmespath.Options(custom_functions=ExactFunctions()))
_FUNCTIONS = sorted(ExactFunctions.FUNCTION_TABLE)
_OTHER_SIGNS = """A name with other signs in it stands in double quotes: '"Amount (TWD)"'"""
# What JMESPath takes for false; 0 is true.
_FALSE: tuple[Any, ...] = ("", [], {}, None)


class Lookup(NamedTuple):
    """A compiled path: its text, what finds the value in a row (None: there is none), the names it begins with."""

    text: str
    find: Find
    roots: frozenset[str]


def compile_path(text: str) -> Lookup:
    """Compiles a path.

    Raises:
        ValueError: It is no path; the message says what is wrong with it.
    """
    tree = _parsed(text)
    steps = _steps(tree)
    find = _compare(tree) or _walk(text, tree) if steps is None else _look_up(steps)
    return Lookup(text, find, frozenset(_roots(tree)))


def compile_condition(text: str) -> Lookup:
    """Compiles a condition: `find` says whether it holds.

    Raises:
        ValueError: It is no condition; the message says what is wrong with it.
    """
    if _QUOTED_NAME.search(text):
        raise ValueError(
            f"{quoted(text)} compares with a field; a text in a condition stands in single quotes: 'BOOKED'"
        )
    lookup = compile_path(text)
    find = lookup.find

    def holds(view: Any) -> bool:
        found = find(view)
        return found is not False and found not in _FALSE

    return lookup._replace(find=holds)


def _parsed(text: str) -> dict[str, Any]:
    if _LONG_NUMBER.search(text):
        raise ValueError(f"{quoted(text)} has a number of more than 15 digits, which cannot be compared exactly")
    try:
        tree: Any = jmespath.compile(_in_quotes(text)).parsed
    except JMESPathError as error:
        if not _PLAIN_NAMES.fullmatch(text):
            raise ValueError(_fault(text, error)) from error
        tree = _names(text.split("."))
    for node in _nodes(tree):
        if node["type"] == "function_expression" and node["value"] not in _FUNCTIONS:
            close = closest(node["value"], _FUNCTIONS)
            hint = f"did you mean {close}()?" if close else f"there are {', '.join(_FUNCTIONS)}. {_OTHER_SIGNS}"
            raise ValueError(f"{quoted(text)}: there is no function {node['value']}(); {hint}")
    exact: dict[str, Any] = _exact(tree)
    return exact


def _in_quotes(text: str) -> str:
    """Puts names of other scripts in quotes, as JMESPath wants them."""
    return _TOKEN.sub(lambda found: f'"{found[0]}"' if found[1] and not found[1].isascii() else found[0], text)


def _names(names: list[str]) -> dict[str, Any]:
    fields = [{"type": "field", "value": name, "children": []} for name in names]
    return fields[0] if len(fields) == 1 else {"type": "subexpression", "children": fields}


def _fault(text: str, error: JMESPathError) -> str:
    if text == "?":
        return "this could not be guessed; write the names that lead to the value, such as customer.id"
    if not text:
        return "this is empty; write the names that lead to the value, such as customer.id"
    where = ""
    if isinstance(error, ParseError):
        position = min(error.lex_position, len(text))
        rest = text[position:]
        where = f" at {quoted(rest)}" if rest else " at its end"
    if " = " in text:
        return f"{quoted(text)} cannot be read; two values are compared by =="
    return (
        f"{quoted(text)} cannot be read{where}; write the names that lead to the value, such as customer.id, "
        f"or another expression of JMESPath. {_OTHER_SIGNS}"
    )


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.get("children", ()):
            yield from _nodes(child)


def _exact(tree: Any) -> Any:
    """Puts Decimals in the place of floats: the numbers of a condition, such as `0.1`."""
    if isinstance(tree, float):
        return Decimal(repr(tree))
    if isinstance(tree, list):
        return [_exact(part) for part in tree]
    if isinstance(tree, dict):
        return {name: _exact(part) for name, part in tree.items()}
    return tree


def _roots(tree: Any) -> Iterator[str]:
    """Gives the names that an expression reads of the row itself."""
    match tree:
        case {"type": "field", "value": name}:
            yield name
        case {
            "type": "subexpression"
            | "index_expression"
            | "pipe"
            | "projection"
            | "value_projection"
            | "filter_projection"
            | "flatten",
            "children": [first, *_],
        }:
            yield from _roots(first)
        case {"type": "expref"}:
            pass
        case {"children": children}:
            for child in children:
                yield from _roots(child)
        case _:
            pass


def _steps(tree: dict[str, Any]) -> tuple[str | int, ...] | None:
    """Gives the names and numbers that lead to a value; None for an expression that does more."""
    match tree:
        case {"type": "field", "value": name}:
            return (name,)
        case {"type": "index", "value": number}:
            return (number,)
        case {"type": "identity" | "current"}:
            return ()
        case {"type": "subexpression" | "index_expression", "children": children}:
            parts = [_steps(child) for child in children]
            return None if None in parts else tuple(step for part in parts for step in part or ())
        case _:
            return None


def _look_up(steps: tuple[str | int, ...]) -> Find:
    if len(steps) == 1 and isinstance(steps[0], str):
        [name] = steps

        def find_field(view: Any) -> Any:
            return view.get(name) if type(view) is dict else None

        return find_field

    def find(view: Any) -> Any:
        for step in steps:
            if type(view) is dict:
                view = view.get(step)
            elif type(view) is list and type(step) is int and -len(view) <= step < len(view):
                view = view[step]
            else:
                return None
        return view

    return find


def _compare(tree: dict[str, Any]) -> Find | None:
    """Gives what compares a value with a text, which most conditions do; None for an expression that does more."""
    match tree:
        case {
            "type": "comparator",
            "value": "eq" | "ne" as sign,
            "children": [left, {"type": "literal", "value": str(text)}],
        }:
            steps = _steps(left)
        case _:
            return None
    if steps is None:
        return None
    find = _look_up(steps)
    if sign == "eq":
        return lambda view: find(view) == text
    return lambda view: find(view) != text


def _walk(text: str, tree: Any) -> Find:
    def find(view: Any) -> Any:
        try:
            return _interpreter.visit(tree, view)
        except TypeError as error:
            raise RefusedError(
                f"{quoted(text)} compares a text and a number; write to_number() around the text"
            ) from error
        except (JMESPathError, ArithmeticError, ValueError, RecursionError) as error:
            raise RefusedError(f"{quoted(text)} cannot be worked out: {error}") from error

    return find
