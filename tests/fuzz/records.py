"""Inputs as no bank should send them, and good ones: drawn from a seed, so that each run can be had again."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from streams.values.events import CUSTOMERS, TRANSACTIONS

TOPICS = range(5)
STRANGE = tuple(f"F{number:03}" for number in range(40))
NEIGHBOURS = tuple(f"N{number:03}" for number in range(20))
_DAY_MS = 86_400_000
_WORDS = {
    "type": ("deposit", "withdrawal", "transfer_in", "purchase", "cash", "PURCHASE", "interest", "fee", "swap", ""),
    "currency": ("TWD", "TWD", "TWD", "USD", "JPY", "XAU", "ZWR", "KWD", "RMB", "AAA"),
    "product": ("deposit", "time_deposit", "loan", "Mortgage", "credit_card", "other", "", "structured-note", "İ"),
    "standing": ("excellent", "good", "fair", "poor", "default", "GOOD", "unknown"),
    "action": ("pin", "unpin", "opt_out", "opt_in", "erase", "Erase", "promote"),
    "tier": ("low", "mid", "high", "HIGH", "gold"),
}
_NUMBERS = (
    *(
        "0",
        "-0",
        "-0.0",
        "0.0",
        "1",
        "-1",
        "1e2",
        "1E+2",
        "1e-4",
        "1e-5",
        "0.1",
        "0.12345",
        "1.0000000",
        "0e999",
        "0E-9",
    ),
    *(
        "1e999",
        "-1e999",
        "1e-999",
        "1E99999999999999999999",
        "12345678901234",
        "99999999999999.9999",
        "100000000000000",
    ),
    *("1e14", "9e13", "123456789012345678901234567890", "9223372036854775807", "9223372036854775808", "1" * 70),
    *("1" * 400, "1" * 5_000, "0." + "0" * 60, "0." + "1" * 60, "NaN", "Infinity", "-Infinity", "nan", "01", "+1"),
    *(".5", "5.", "0x10", "1_000", "1e", "--1", "-", "1 2", "1795483800", "1795483800125", "1795483800125.0"),
    *("1.795483800125e12", "1795483800125000", "1795483800125000000", "20782", "20261124", "631151999999"),
    *("631152000000", "-2208988800000", "253402300799999", "253402300800000", "253402387199999", "253402387200000"),
)
_TIMES = (
    *(
        "2026-11-24T09:30:00Z",
        "2026-11-24t09:30:00z",
        "2026-11-24T09:30:00.125+08:00",
        "2026-11-24T09:30:00.9999999999Z",
    ),
    *("2026-11-24T09:30:00+25:00", "2026-11-24T09:30:00-23:59", "2026-11-24T09:30:00+23:60", "2026-11-24T09:30:00"),
    *("2026-11-24 09:30:00Z", "2026-11-24", "2026-11-24T09:30Z", "2026-11-24T24:00:00Z", "2026-11-24T09:60:00Z"),
    *("2016-12-31T23:59:60Z", "2017-01-01T07:59:60+08:00", "2016-12-31T23:59:60.5Z", "2016-12-31T12:59:60Z"),
    *("2016-12-31T23:59:61Z", "2026-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "2100-02-29T00:00:00Z"),
    *("1900-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00+00:01", "0000-01-01T00:00:00Z"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "9999-12-30T00:00:00Z"),
    *("2026-W48-2T09:30:00Z", "2026-11-24T09:30:00+0800", "2026-11-24T09:30:00,5Z", "20261124T093000Z", "now", ""),
    *(
        "\uff12\uff10\uff12\uff16-11-24T09:30:00Z",
        "٢٠٢٦-11-24T09:30:00Z",
        "2026-11-24T09:30:00\u221208:00",
        " 2026-11-24T09:30:00Z",
    ),
    *("2026-11-24T09:30:00Z\\n", "2026-11-24T09:30:00." + "1" * 300 + "Z", "2026-11-24T09:30:00.Z", "1795483800125"),
)
_AMOUNTS = (
    *("1", "-1", "-0.00", "0.0000", "1.0001", "1.00010000", "1.00001", "+5", ".5", "5.", " 5", "5 ", "1_000", "1,000"),
    *(
        "1e3",
        "\uff11\uff12",
        "٣",
        "१२३",
        "99999999999999.9999",
        "100000000000000",
        "00000000000000000001.00",
        "1.00\\u0000",
    ),
    *(
        "0" * 50,
        "1." + "0" * 60,
        "1" * 400,
        "NaN",
        "Infinity",
        "0x10",
        "1.2.3",
        "--1",
        "²",
        "½",
        "5\\n",
        "399999999999999",
    ),
)
_PIECES = (
    *(
        "\\u0000",
        "\x00",
        "\\ud83d",
        "\\ude00",
        "\\ud83d\\ude00",
        "\\ude00\\ud83d",
        "\\uD83D\\u0041",
        "\ufeff",
        "\\ufeff",
    ),
    *(
        "\u202e",
        "\u200d",
        "\x7f",
        "\\u007f",
        "\\u009f",
        "\u0085",
        "\u2028",
        "\uff11\uff12",
        "٣",
        "文字",
        "é",
        "e\u0301",
        "\U0001f600",
    ),
    *(
        "\\n",
        "\n",
        "\t",
        "\\",
        "\\\\",
        "\\x",
        "\\u12",
        '"',
        '\\"',
        "/",
        "\\/",
        "'",
        " ",
        "x" * 250,
        "é" * 128,
        "文" * 90,
    ),
    *("%s", "{}", "${jndi}", "</script>", "../..", "\\u0041", "\u017f", "K", "ß", "x" * 3_000),
)
_STRUCTURES = (
    *("null", "true", "false", "[]", "{}", "[1]", '{"a": 1}', '["TWD"]', '""', "nul", "undefined", "", "'x'", "[1,]"),
    *(opening * depth + "1" + closing * depth for depth in (90, 498, 499, 500, 990, 1_100, 20_000)
      for opening, closing in (("[", "]"), ('{"a":', "}"))),
    *("[" * 600, "[[]," * 700 + "[]" + "]" * 700, "[" + "[]," * 700 + "[]]"),
    *('"' + "[" * 700 + '"', '"\\"' + "{" * 700 + '"'),
)  # fmt: skip
_BYTES = (
    *(None, b"", b" ", b"null", b"[]", b"{}", b"{}{}", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}", b"\xed\xa0\xbd", b"{"),
    *(b"[" * 100_000, b'{"a":' * 100_000, b'"' * 999, b"\\" * 999, b"\xc0\x80", b"\xf4\x90\x80\x80", b'{"":""}', b"0"),
)
_IDS = {"event_id", "customer_id", "account_id", "loan_id", "reverses"}
_MONEY = {"balance", "amount"}
_TIME_NAMES = {"as_of", "occurred_at", "applied_at", "at", "until", "reversed_at"}


class Input(NamedTuple):
    """A record of the input topic with this number."""

    topic: int
    key: bytes | None
    value: bytes | None


def inputs(seed: int, now_ms: int) -> Iterator[Input]:
    """Draws inputs without end; one of four is a good one of a neighbour."""
    draw = Drawing(seed, now_ms)
    while True:
        yield draw.good() if draw.random.random() < 0.25 else draw.strange()


class Drawing:
    """Draws inputs, one after the other."""

    def __init__(self, seed: int, now_ms: int) -> None:
        self.random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._now_ms = now_ms
        self._number = 0
        self._sent: dict[tuple[int, str], list[dict[str, str]]] = defaultdict(list)

    def good(self) -> Input:
        """Draws an event of a neighbour that can be used."""
        topic, customer = self.random.choice(TOPICS), self.random.choice(NEIGHBOURS)
        fields = self._fields(topic, customer)
        fields |= {
            name: f'"{_WORDS[name][0]}"' for name in ("currency", "product", "standing", "tier") if name in fields
        }
        if topic == CUSTOMERS:
            fields["action"] = json.dumps(self.random.choice(("pin", "unpin", "opt_out", "opt_in")))
        return Input(topic, customer.encode(), _text(fields.items()).encode())

    def strange(self) -> Input:
        """Draws an input that is changed in some way, or is none at all."""
        topic, customer = self.random.choice(TOPICS), self.random.choice(STRANGE)
        if self.random.random() < 0.02:
            return Input(topic, customer.encode(), self._noise())
        sent = self._sent[topic, customer]
        fields = (
            dict(self.random.choice(sent)) if sent and self.random.random() < 0.1 else self._fields(topic, customer)
        )
        if sent and topic == TRANSACTIONS and self.random.random() < 0.3:
            fields = self._reversal(self.random.choice(sent), fields["event_id"])
        self._sent[topic, customer] = [*sent[-20:], fields]
        pairs = list(fields.items())
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 3))):
            self._change(pairs)
        value = _text(pairs, self.random.choice((",", ", ", " ,\n\t"))).encode("utf-8", "surrogatepass")
        if self.random.random() < 0.12:
            value = self._damage(value)
        return Input(topic, self._key(customer), value)

    def _fields(self, topic: int, customer: str) -> dict[str, str]:
        """Draws the fields of a usual event, each as its JSON text."""
        self._number += 1
        random = self.random
        at_ms = self._now_ms - random.choice((0, 1, 1_000, 3_600_000, _DAY_MS, 40 * _DAY_MS)) * random.randint(0, 20)
        fields = {"event_id": f'"e{self._number}"', "customer_id": f'"{customer}"'}
        account = f'"A{random.randint(0, 3)}"'
        amount = random.choice(('"{}.50"', '"{}"', "{}", "{}.25", "{}e1")).format(self._whole())
        currency = f'"{random.choice(_WORDS["currency"])}"'
        match topic:
            case 0:
                fields |= {"account_id": account, "balance": amount, "currency": currency, "as_of": str(at_ms)}
                fields |= {"product": f'"{random.choice(_WORDS["product"])}"'} if random.random() < 0.5 else {}
            case 1:
                fields |= {"account_id": account, "type": f'"{random.choice(_WORDS["type"])}"', "amount": amount}
                fields |= {"currency": currency, "occurred_at": str(at_ms), "channel": '"web"'}
            case 2:
                fields |= {"standing": f'"{random.choice(_WORDS["standing"])}"', "as_of": str(at_ms), "score": "612"}
            case 3:
                fields |= {"loan_id": f'"L{random.randint(0, 99)}"', "amount": amount, "currency": currency}
                fields |= {"applied_at": str(at_ms), "purpose": '"home"'}
            case _:
                fields |= {"action": f'"{random.choice(_WORDS["action"])}"', "at": str(at_ms)}
                fields |= {"tier": f'"{random.choice(_WORDS["tier"])}"', "until": str(at_ms + 30 * _DAY_MS)}
                fields |= {"reason": '"founding member"', "by": '"clerk 7"'}
        return fields

    def _whole(self) -> int:
        return self.random.randint(0, 10 ** self.random.choice((1, 3, 4, 5, 6, 7, 14)))

    def _reversal(self, undone: dict[str, str], event_id: str) -> dict[str, str]:
        """Draws a reversal of an event, often of what it was."""
        fields = undone | {"event_id": event_id, "reverses": undone["event_id"], "reversed_at": undone["occurred_at"]}
        if self.random.random() < 0.3:
            fields["amount"] = str(self._whole())
        if self.random.random() < 0.2:
            fields["type"] = '"fee"'
        return fields

    def _change(self, pairs: list[tuple[str, str]]) -> None:
        """Changes one of the fields."""
        if not pairs:
            return
        at = self.random.randrange(len(pairs))
        name, content = pairs[at]
        what = self.random.random()
        if what < 0.5:
            pairs[at] = (name, self._content(name))
        elif what < 0.62:
            pairs[at] = (name, self._with_piece(content))
        elif what < 0.7:
            del pairs[at]
        elif what < 0.8:
            pairs.insert(self.random.randrange(len(pairs) + 1), (name, self._content(name)))
        elif what < 0.88:
            pairs.append(
                (self.random.choice(("memo", "", "\\ud83d", "Amount", "id", "é", "\\u0000")), self._content(""))
            )
        elif what < 0.94:
            other = self.random.choice(
                (name.upper(), f"{name} ", "".join(map("\\u{:04x}".format, name.encode())), f"{name}\\u0000")
            )
            pairs[at] = (other, content)
        else:
            pairs[at] = (name, pairs[self.random.randrange(len(pairs))][1])

    def _content(self, name: str) -> str:
        """Draws a content, often of the right kind for the field."""
        random, what = self.random, self.random.random()
        if name in _TIME_NAMES and what < 0.6:
            written = f'"{random.choice(_TIMES)}"'
            ahead = str(self._now_ms + random.choice((_DAY_MS, 2 * _DAY_MS, 400 * _DAY_MS, -(10**12))))
            return random.choice((written, written, ahead, ahead, random.choice(_NUMBERS)))
        if name in _MONEY and what < 0.6:
            return random.choice((f'"{random.choice(_AMOUNTS)}"', random.choice(_NUMBERS)))
        if name in _WORDS and what < 0.4:
            return f'"{random.choice(_WORDS[name])}"'
        if name in _IDS and what < 0.5:
            return f'"{"".join(random.choices(_PIECES, k=random.randint(0, 2)))}"'
        if what < 0.75:
            return random.choice(_NUMBERS)
        return (
            random.choice(_STRUCTURES[:22] if what < 0.86 else _STRUCTURES)
            if what < 0.9
            else f'"{random.choice(_PIECES)}"'
        )

    def _with_piece(self, content: str) -> str:
        at = self.random.randint(1, max(1, len(content) - 1))
        return content[:at] + self.random.choice(_PIECES) + content[at:]

    def _key(self, customer: str) -> bytes | None:
        if self.random.random() < 0.95:
            return customer.encode()
        other = (None, b"", b'"%s"' % customer.encode(), NEIGHBOURS[0].encode(), customer.lower().encode(), b"\xff\xfe")
        more = (
            customer.encode("utf-16"),
            customer.encode() + b" ",
            b"\x00",
            customer.encode() * 99,
            STRANGE[0].encode(),
        )
        return self.random.choice((*other, *more))

    def _damage(self, value: bytes) -> bytes:
        """Changes the bytes of a value."""
        random, at = self.random, self.random.randint(0, len(value))
        byte = bytes([random.randrange(256)])
        latin = value.decode("latin-1")
        return random.choice(
            (
                *(value[:at], value[at:], value[:at] + byte + value[at:], value[:at] + byte + value[at + 1 :]),
                *(value * 2, b" \t\r\n" + value + b"\n", b"\xef\xbb\xbf" + value, value + b"\x00", b"\x00" + value),
                *(b"[" + value + b"]", value + b",", value.replace(b'"', b"'"), value.replace(b":", b"=")),
                *(json.dumps(latin).encode(), latin.encode("utf-16"), gzip.compress(value, mtime=0)),
                *(value + b"\x0c", b"\xc2\xa0" + value),
            )
        )

    def _noise(self) -> bytes | None:
        if self.random.random() < 0.5:
            return self.random.choice(_BYTES)
        return self.random.randbytes(self.random.randrange(200))


def _text(pairs: Iterable[tuple[str, str]], between: str = ", ") -> str:
    return "{" + between.join(f'"{name}": {content}' for name, content in pairs) + "}"
