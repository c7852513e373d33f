"""A picture as PNG. Pillow's own font has Latin letters; for other scripts a font of the system is used."""

from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from streams.simulate.picture import Box, Picture, Text

SCALE = 2
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
# The characters that Pillow's own font has.
_OWN = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0x180)))) | {"…"}
_NOTO = "NotoSansCJK-Regular.ttc"
# Its faces, by the language whose signs they have: the same character is drawn otherwise in Taiwan.
_TRADITIONAL = 3
_FACES = {"zh-CN": 2, "zh-TW": _TRADITIONAL}
# Fonts with Chinese characters on Linux, macOS and Windows. Pillow finds them by name in the system's folders. Before
# them comes that of the extra `fonts`.
_SYSTEM_FONTS = (
    _NOTO,
    "NotoSansCJKtc-Regular.otf",
    "NotoSansTC-Regular.otf",
    "NotoSansTC-Regular.ttf",
    "NotoSansSC-Regular.ttf",
    "SourceHanSans-Regular.ttc",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "uming.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "STHeiti Medium.ttc",
    "msjh.ttc",
    "msyh.ttc",
    "simsun.ttc",
)


def can_show(text: str) -> bool:
    """Says whether the text can be drawn; a font with Chinese characters is taken to have every character."""
    return _OWN.issuperset(text) or _system_font() is not None


def png(picture: Picture, language: str | None = None) -> bytes:
    """Gives the picture as the bytes of a PNG file, with `SCALE` pixels a point. language: whose signs are drawn."""
    image = Image.new("RGB", (picture.width * SCALE, picture.height * SCALE), "#ffffff")
    draw = ImageDraw.Draw(image)
    for shape in picture.shapes:
        if isinstance(shape, Box):
            left, top = shape.x * SCALE, shape.y * SCALE
            right, bottom = left + shape.width * SCALE - 1, top + shape.height * SCALE - 1
            draw.rectangle((left, top, right, bottom), fill=shape.fill)
        else:
            _write(draw, shape, _FACES.get(language or "", _TRADITIONAL))
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _write(draw: ImageDraw.ImageDraw, text: Text, face: int) -> None:
    font = _font(text.size * SCALE, own=_OWN.issuperset(text.text), face=face)
    place = (text.x * SCALE, text.y * SCALE)
    # Pillow's font has no bold face, so bold letters get a thicker stroke.
    stroke = text.size * SCALE / 40 if text.bold else 0
    draw.text(place, text.text, text.fill, font, _ANCHORS[text.anchor], stroke_width=stroke)


@cache
def _font(size: int, *, own: bool, face: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    name = None if own else _system_font()
    if name is None:
        return ImageFont.load_default(size)
    return ImageFont.truetype(name, size, index=face if name.endswith(_NOTO) else 0)


@cache
def _system_font() -> str | None:
    packaged = find_spec("noto_cjk_sans_otc")
    of_package = [str(Path(packaged.origin).with_name(_NOTO))] if packaged and packaged.origin else []
    for name in (*of_package, *_SYSTEM_FONTS):
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        return name
    return None
