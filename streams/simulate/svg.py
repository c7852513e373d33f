"""A picture as SVG, written by hand: it needs no library, and browsers and office programs show it."""

from xml.sax.saxutils import escape, quoteattr

from streams.simulate.picture import Box, Picture, Text

FONTS = "Noto Sans, Helvetica Neue, Arial, Noto Sans CJK TC, PingFang TC, Microsoft JhengHei, sans-serif"


def svg(picture: Picture) -> bytes:
    """Gives the picture as the bytes of an SVG file."""
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{picture.width}" height="{picture.height}" '
            f'viewBox="0 0 {picture.width} {picture.height}" role="img" font-family={quoteattr(FONTS)}>'
        ),
        f"<title>{escape(picture.title)}</title>",
        *(_box(shape) if isinstance(shape, Box) else _text(shape) for shape in picture.shapes),
        "</svg>",
    ]
    return "\n".join(lines).encode() + b"\n"


def _box(box: Box) -> str:
    return f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" fill="{box.fill}"/>'


def _text(text: Text) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    return (
        f'<text x="{text.x:g}" y="{text.y:g}" font-size="{text.size}" text-anchor="{text.anchor}" '
        f'fill="{text.fill}"{weight}>{escape(text.text)}</text>'
    )
