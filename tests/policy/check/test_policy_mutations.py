"""Any change of a good file gives a policy or sentences, never a traceback."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.languages.said import Said
from streams.policy.check.check import check
from streams.policy.check.sentences import in_words
from streams.policy.compile.load import load_policy
from streams.policy.language.problems import PolicyError
from streams.settings import policy_folder
from tests.support.laws import laws

DOCUMENTS = [path.read_text(encoding="utf-8") for path in sorted(policy_folder().glob("*.toml"))]
# Comments say nothing, and long lists of services are all alike: what is left is cut into tokens.
PLAIN = ["\n".join(line for line in text.split("\n") if line and line[0] != "#") for text in DOCUMENTS]
TOKENS = re.compile(r'"[^"\n]*"|[\w-]+|\s+|.', re.DOTALL)
WORDS = sorted({token for text in PLAIN for token in TOKENS.findall(text)} - {""})
ODD = [
    *("1", "-1", "0.5", "500,000", "10%", "true", "nan", "1e9999999", "9" * 30, "06-30", "2026-06-30"),
    *("12:00:00", "[]", "{}", "月", '"\\u0000"'),
    *('""', '"', "'", '"""', "=", ",", ".", "[", "]", "[[", "]]", "{", "}", "#", "\\", "\n", "\r", "\0"),
    *("[tiers]", "[[tiers]]", "[[value]]", "[a.b.c]", "tiers.x = 1\n", "{ measure = 1 }", "value", "score"),
]  # fmt: skip


def held_against_the_rules(document: str) -> None:
    report = check(document)
    lines = document.count("\n") + 1
    for finding in [*report.errors, *report.warnings]:
        assert 1 <= finding.line <= lines
        assert isinstance(finding.message, Said)  # so it can be told in every language
        assert finding.message
        assert finding.message.isprintable()
        assert finding.field.isprintable()
    if report.policy is None or report.file is None:
        assert report.errors
        with pytest.raises(PolicyError):
            load_policy(document)
    else:
        assert report.errors == []
        assert load_policy(document).digest == report.policy.digest
        assert in_words(report.policy, report.file)[0].endswith(".")


def test_every_line_left_out_or_there_twice() -> None:
    for text in PLAIN:
        lines = text.split("\n")
        for number, line in enumerate(lines):
            held_against_the_rules("\n".join([*lines[:number], *lines[number + 1 :]]))
            held_against_the_rules("\n".join([*lines[:number], line, *lines[number:]]))


def test_every_file_cut_off_anywhere() -> None:
    for text in (PLAIN[4], PLAIN[5], PLAIN[8]):
        for length in range(0, len(text), 3):
            held_against_the_rules(text[:length])


changes = st.lists(
    st.tuples(
        st.integers(0, 10_000), st.sampled_from(["drop", "put", "instead"]), st.sampled_from([*ODD, *ODD, *ODD, *WORDS])
    ),
    min_size=1,
    max_size=4,
)


@laws(600)
@given(st.sampled_from(PLAIN), changes)
def test_tokens_dropped_put_in_and_changed(text: str, changed: list[tuple[int, str, str]]) -> None:
    tokens = TOKENS.findall(text)
    for place, what, token in changed:
        at = place % len(tokens)
        tokens[at : at + (what != "put")] = [] if what == "drop" else [token]
    held_against_the_rules("".join(tokens))


@laws(150)
@given(st.lists(st.sampled_from([*ODD, *WORDS]), max_size=30))
def test_no_policy_at_all(tokens: list[str]) -> None:
    held_against_the_rules("".join(tokens))
