"""The encoding of a text file, where nobody has said it: found by its bytes, or not told."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE

# UTF-32's mark begins as that of UTF-16 does.
_MARKS = (
    (BOM_UTF8, "utf-8-sig"),
    (BOM_UTF32_LE, "utf-32"),
    (BOM_UTF32_BE, "utf-32"),
    (BOM_UTF16_LE, "utf-16"),
    (BOM_UTF16_BE, "utf-16"),
)
# Characters that bank files and Chinese text are full of, in the traditional and in the simplified form. Read in the
# wrong one of the two encodings, bytes give rare characters instead.
_FREQUENT = frozenset(
    "的一是不了人我在有他這为為之大来來以个個中上们們到说說国國和地也子时時道出而要于於就下得可你年生自会會"
    "那后後能对對着着事其里裡所去行过過家十用发發天如然作方成者多日都三小军軍二无無同么麼经經法当當起与與好看"
    "学學进進种種将將还還分此心前面又定见見只主没沒公从從客户戶帐帳账賬号號码碼交易金额額余餘额币幣别別期转轉入"
    "支收付款存取利息现現卡消费費贷貸账类類型摘要备備注註姓名编編台臺新元人民银銀部机機构構电電汇匯手续續"
    "薪资資提领領缴繳税稅保险險基产產品活定信用循环環"
)
_WRONG_LEAST = 2
_HAN = re.compile(r"[\u3400-\u9fff]")


# What a name stands for where the files of Windows, which have more signs, are called by it, too.
_WIDER = {"big5": "cp950", "gb2312": "gb18030", "gbk": "gb18030"}


class UnknownEncodingError(ValueError):
    """The bytes do not say in which encoding they are. The message says what to write."""


def said_encoding(name: str) -> str:
    """Gives the encoding that is meant by a name: for Big5 and GB 2312 the one that has their later signs, too."""
    return _WIDER.get(name.lower(), name)


def encoding_of(head: bytes) -> str:
    """Gives the encoding of a file by its first bytes, which end with a line or with the file.

    Raises:
        UnknownEncodingError: It cannot be told.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if _reads(head, "utf-8"):
        return "utf-8"
    scores = {name: _score(head, name) for name in ("cp950", "gb18030")}
    best, other = sorted(scores, key=lambda name: scores[name], reverse=True)
    if scores[best] > _WRONG_LEAST * max(scores[other], 1):
        return best
    raise UnknownEncodingError(
        'it is not UTF-8, and what else it is cannot be told; write encoding = "big5" or "gb18030" '
        "below [sources.NAME.csv]"
    )


def _reads(head: bytes, encoding: str) -> bool:
    try:
        head.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _score(head: bytes, encoding: str) -> int:
    """Says how many per thousand of the Chinese characters are frequent ones; 0 where the bytes cannot be read so."""
    try:
        text = head.decode(encoding)
    except UnicodeDecodeError:
        return 0
    han = _HAN.findall(text)
    return 1000 * sum(sign in _FREQUENT for sign in han) // len(han) if han else 0
