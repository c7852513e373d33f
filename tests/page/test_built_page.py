"""The built page that is shipped: as new as its sources, small, and bound to its own host."""

import gzip
import re
import subprocess
from pathlib import Path

import pytest

from console.sources import HERE, KEPT, mark

PAGE = KEPT.parent
TEXTS = sorted(path for path in PAGE.rglob("*") if path.suffix in {".html", ".js", ".css", ".svg"})
MOST_BYTES = 400_000
DICTIONARIES = [HERE / f"src/words/{name}.ts" for name in ("en", "zh_tw", "zh_cn")]


def test_the_page_was_built_from_the_sources_as_they_are() -> None:
    assert KEPT.read_text().strip() == mark(), "console/ has changed: make console builds the page anew"


def test_all_of_the_page_is_under_400_kb_compressed() -> None:
    assert TEXTS
    assert sum(len(gzip.compress(path.read_bytes())) for path in TEXTS) < MOST_BYTES


def test_the_page_holds_no_inline_script_or_style_and_loads_nothing_from_another_host() -> None:
    document = (PAGE / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", document)
    for address in re.findall(r"(?:src|href)=\"([^\"]+)\"", document):
        assert address.startswith("./")
        assert (PAGE / address).exists()
    for sheet in PAGE.rglob("*.css"):
        assert not re.search(r"url\((?!['\"]?data:)|@import", sheet.read_text())


def test_files_of_the_build_have_a_hash_in_their_names() -> None:
    assert all(re.search(r"-[\w-]{8}\.(js|css)$", path.name) for path in (PAGE / "assets").iterdir())


@pytest.mark.parametrize("words", DICTIONARIES[1:], ids=lambda path: path.stem)
def test_a_language_fills_in_what_english_fills_in(words: Path) -> None:
    entry = re.compile(r'^  "([\w.\-]+)": "(.*)",$', re.MULTILINE)
    english, other = (dict(entry.findall(path.read_text())) for path in (DICTIONARIES[0], words))
    assert english.keys() == other.keys()
    for key, text in english.items():
        filled = set(re.findall(r"\{(\w+)\}", text))
        assert filled == set(re.findall(r"\{(\w+)\}", other[key])), key


def test_the_notices_of_all_libraries_in_the_page_go_along() -> None:
    notices = (PAGE / "licenses.md").read_text()
    for library in ("svelte", "uplot", "d3-sankey", "@codemirror/view", "eventsource-parser"):
        assert f"## {library} - " in notices


def test_a_wheel_takes_the_page_along() -> None:
    """Hatchling takes what Git does not ignore."""
    ignored = subprocess.run(
        ["git", "check-ignore", *map(str, TEXTS)], cwd=HERE, capture_output=True, text=True, check=False
    )
    assert ignored.stdout == ""
