"""docs/openapi.json is that of the code."""

from pathlib import Path

from streams.console.openapi import written

FILE = Path(__file__).parents[2] / "docs/openapi.json"


def test_the_document_is_that_of_the_code() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), (
        "make it anew: .venv/bin/python -m streams.console.openapi docs/openapi.json"
    )
