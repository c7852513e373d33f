"""The matrix as SVG and PNG: what is written in it, and that everything has its place."""

from collections import Counter
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from streams.policy.compile.load import load_policy
from streams.simulate import Simulation
from streams.simulate.matrix import Matrix, matrix_of
from streams.simulate.picture import Box, Picture, Text, picture_of
from streams.simulate.png import SCALE, png
from streams.simulate.svg import svg

SVG = "{http://www.w3.org/2000/svg}"


def matrix(tiers: int, counts: dict[tuple[str, str], int], name: str = '{ en = "Tier", zh = "金卡" }') -> Matrix:
    texts = [f'[[tiers]]\nid = "t{number}"\nname = {name}\n' for number in range(tiers)]
    floors = ["", *(f'at_least = "{number}"\n' for number in range(1, tiers))]
    body = "".join(text + floor for text, floor in zip(texts, floors, strict=True))
    both = [
        load_policy(f'name = "{policy} <&>"\nversion = 1\ncurrency = "TWD"\n{body}') for policy in ("today", "tomorrow")
    ]
    found = Counter(counts)
    rows, columns = Counter[str](), Counter[str]()
    for (before, after), count in found.items():
        rows[before] += count
        columns[after] += count
    return matrix_of(*map(Simulation, both))._replace(counts=found, rows=rows, columns=columns)


def texts(picture: Picture) -> list[str]:
    return [shape.text for shape in picture.shapes if isinstance(shape, Text)]


THREE = matrix(3, {("t0", "t0"): 90, ("t0", "t1"): 10, ("t1", "t0"): 1, ("t2", "t2"): 1234567})


def test_the_svg_is_xml_with_every_count_share_and_label() -> None:
    root = ET.fromstring(svg(picture_of(THREE)))  # noqa: S314 - our own
    shown = [element.text for element in root.iter(f"{SVG}text")]
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title") == "Who moves where: today <&> v1 to tomorrow <&> v1"
    assert {"90", "10", "1,234,567", "90.0% of the row", "10.0% of the row", "<0.1% of all"} <= set(shown)
    assert [shown.count(label) for label in ("t0", "t1", "t2", "金卡", "all")] == [2, 2, 2, 6, 2]
    assert {"under today <&> v1", "under tomorrow <&> v1"} <= set(shown)


def test_the_png_opens_and_is_twice_as_large_as_the_picture() -> None:
    picture = picture_of(THREE)
    with Image.open(BytesIO(png(picture))) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (picture.width * SCALE, picture.height * SCALE))
        assert len(set(image.convert("L").tobytes())) > 10  # something is drawn


def test_a_name_that_no_font_has_gives_way_to_one_in_another_language() -> None:
    assert "Tier" in texts(picture_of(THREE, str.isascii))
    assert "金卡" in texts(picture_of(THREE))
    assert "Tier" not in texts(picture_of(THREE))


def test_the_picture_tells_what_differs_in_lines_that_fit() -> None:
    picture = picture_of(THREE)
    shown = texts(picture)
    assert "What differs" in shown
    assert "nothing that customers would notice" in shown
    for language, heading in (("zh-TW", "規則差異"), ("zh-CN", "规则差异"), ("en", "What differs")):
        assert heading in texts(picture_of(THREE, language=language))


@pytest.mark.parametrize(
    ("cell", "colour"),
    [(("t0", "t2"), "#2171b5"), (("t2", "t0"), "#d95f0e"), (("t1", "t1"), "#5f6368")],
)
def test_a_whole_row_that_moves_has_the_full_colour_of_its_direction(cell: tuple[str, str], colour: str) -> None:
    fills = {shape.fill for shape in picture_of(matrix(3, {cell: 5})).shapes if isinstance(shape, Box)}
    assert colour in fills


@pytest.mark.parametrize("tiers", [2, 3, 8, 12])
@pytest.mark.parametrize("name", ["{}", '{ zh = "尊享私人银行白金至尊客户尊享私人银行白金至尊客户" }'])
def test_everything_is_inside_and_no_column_runs_into_the_next(tiers: int, name: str) -> None:
    counts = {(f"t{row}", f"t{column}"): 999_999_999 for row in range(tiers) for column in range(tiers)}
    picture = picture_of(matrix(tiers, counts, name))
    boxes = [shape for shape in picture.shapes if isinstance(shape, Box)]
    assert all(box.x + box.width <= picture.width and box.y + box.height <= picture.height for box in boxes)
    for text in (shape for shape in picture.shapes if isinstance(shape, Text)):
        assert 0 < text.x < picture.width
        assert 0 < text.y < picture.height
        assert text.anchor == "start" or len(text.text) < 20
    assert png(picture)
