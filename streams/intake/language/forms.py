"""What the texts of a mapping have to look like, and the sentence for one that does not."""

import codecs
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from streams.intake.language.document import SourcesFile
from streams.intake.paths import compile_condition, compile_path
from streams.intake.templates import compile_template
from streams.intake.time_forms import compile_form
from streams.policy.language.form import Form, Vocabulary
from streams.policy.language.forms import FORMS, quoted

_TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")  # Kafka takes no . and no ..

_URL = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")


def _by(compiles: Callable[[str], object]) -> Callable[[str], str | None]:
    def fault(text: str) -> str | None:
        try:
            compiles(text)
        except ValueError as error:
            return str(error)
        return None

    return fault


def _topic(text: str) -> str | None:
    if _TOPIC.fullmatch(text):
        return None
    return f"{quoted(text)} is no topic; its name has letters a to z, digits, points, hyphens and underscores"


def _registry_url(text: str) -> str | None:
    try:
        if _URL.fullmatch(text) and urlsplit(text).port != 0:
            return None
    except ValueError:  # of a host in brackets that is no address, or a port that is too high
        pass
    return f"{quoted(text)} is no address of a registry; write https://host:port, without name or password"


def _sign(text: str) -> str | None:
    if len(text) == 1 and (text.isprintable() or text == "\t"):
        return None
    return f'{quoted(text)} is not one sign; write one such as "," (of a tab: "\\t")'


def _group(text: str) -> str | None:
    if len(text) <= 1 and not text.isdigit():
        return None
    return f'{quoted(text)} is not one sign; write what stands between thousands, such as ",", or "" for nothing'


def _encoding(text: str) -> str | None:
    try:
        info = codecs.lookup(text)
    except LookupError:
        info = None
    if info is not None and info._is_text_encoding:  # noqa: SLF001 - the one way to tell
        return None
    return f'{quoted(text)} is no encoding that is read here; write one such as "utf-8", "big5" or "gb18030"'


VOCABULARY = Vocabulary(
    SourcesFile,
    {
        "text": FORMS["text"],
        "word": FORMS["word"],
        "zone": FORMS["zone"],
        "path": Form("customer.id", _by(compile_path)),
        "condition": Form("status == 'BOOKED'", _by(compile_condition)),
        "template": Form("booking-{id}", _by(compile_template)),
        "time_form": Form("%Y-%m-%d %H:%M:%S", _by(compile_form)),
        "registry_url": Form("https://registry:8081", _registry_url),
        "topic": Form("core.public.bookings", _topic),
        "sign": Form(",", _sign),
        "group": Form(",", _group),
        "encoding": Form("utf-8", _encoding),
    },
    "a mapping",
)
