"""ISO 20022 statements (camt.053) and notifications (camt.054): each booked entry, and each balance, to a row.

https://www.iso20022.org/iso-20022-message-definitions?search=camt.053. The namespace says the version; what is read
here is in all of them. Amounts stay text. A document with a DTD is refused: entities have no place in a bank's message.
"""

from collections.abc import Iterator
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError  # nosec - types alone; defusedxml parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse, tostring

from streams.intake.file_row import FileRow
from streams.intake.record import Row, Skipped
from streams.intake.refused import MalformedError

_MESSAGES = {"BkToCstmrStmt": "camt.053", "BkToCstmrDbtCdtNtfctn": "camt.054"}
_PARTS = {"Stmt", "Ntfctn"}
_BALANCE, _ENTRY = "Bal", "Ntry"
_BOOKED = "BOOK"
_EMPTY = Element("empty")
# What an entry and its reversal have in common, by the elements of Refs; and what says that there is none.
_REFERENCES = ("AcctSvcrRef", "EndToEndId", "TxId", "InstrId", "UETR")
_NO_REFERENCE = {"NOTPROVIDED", "NONREF"}
_OF_THE_ORIGINAL = ("number", "reference", "entry_reference", "end_to_end_id", "booked_at", "value_at", "code")
_OPPOSITE = {"CRDT": "DBIT", "DBIT": "CRDT"}


def read_camt(file: IO[bytes]) -> Iterator[FileRow]:
    """Reads a message; gives its rows, each with its number from 1 and its XML.

    Raises:
        MalformedError: It is no such message.
    """
    number = 0
    part: _Part | None = None
    is_known = False
    try:
        for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
            name = _name(element)
            is_known = is_known or name in _MESSAGES
            if name in _PARTS:
                part = _Part(element) if event == "start" else None
                if event == "end":
                    element.clear()
            elif part is not None and event == "end" and name in {_BALANCE, _ENTRY}:
                number += 1
                yield FileRow(number, tostring(element), part.row(element))
                element.clear()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise MalformedError(f"no XML that is read here: {error}") from error
    if not is_known:
        raise MalformedError("it is no camt.053 and no camt.054")


class _Part:
    """A statement or a notification: what it says of itself, and the entries in it that a later one may reverse."""

    def __init__(self, element: Element) -> None:
        self._element = element
        self._about: dict[str, Any] = {}
        self._entries = 0
        self._by_reference: dict[tuple[str, ...], dict[str, Any]] = {}

    def row(self, element: Element) -> Row | Skipped:
        """Makes a row of a balance or an entry. What stands before the first of them is known by then."""
        self._about = self._about or _about(self._element)
        if _name(element) == _BALANCE:
            return Row(self._about | _balance(element))
        entry = self._about | _entry(element) | {"number": self._entries}
        self._entries += 1
        status = _text(element, "Sts/Cd") or _text(element, "Sts")
        if status != _BOOKED:
            return Skipped(f"an entry that is not booked: {status}")
        references = _references(element)
        if entry["reversal"]:
            entry["original"] = self._original(entry, references)
        else:
            for reference in references:
                kept = {name: entry[name] for name in _OF_THE_ORIGINAL}
                self._by_reference.setdefault((*_amount_key(entry), entry["sign"] or "", reference), kept)
        return Row(entry)

    def _original(self, entry: dict[str, Any], references: set[str]) -> dict[str, Any] | None:
        """Gives the entry that this one reverses: of this part, the same reference and amount, the other direction."""
        sign = _OPPOSITE.get(entry["sign"] or "", "")
        for reference in sorted(references):
            found = self._by_reference.pop((*_amount_key(entry), sign, reference), None)
            if found is not None:
                return found
        return None


def _amount_key(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["amount"] or "", entry["currency"] or ""


def _references(element: Element) -> set[str]:
    found = {_text(element, "AcctSvcrRef")}
    for details in _find(element, "NtryDtls"):
        if _name(details) == "TxDtls":
            found |= {_text(details, f"Refs/{name}") for name in _REFERENCES}
    return {reference for reference in found if reference and reference not in _NO_REFERENCE}


def _about(part: Element) -> dict[str, Any]:
    account = _find(part, "Acct")
    owner = _find(account, "Ownr")
    ids = ("Id/PrvtId/Othr/Id", "Id/OrgId/Othr/Id", "Id/OrgId/LEI", "Id/OrgId/AnyBIC", "Id/OrgId/BICOrBEI")
    return {
        "statement": _text(part, "Id"),
        "created_at": _text(part, "CreDtTm"),
        "account": _text(account, "Id/IBAN") or _text(account, "Id/Othr/Id"),
        "account_currency": _text(account, "Ccy"),
        "account_type": _text(account, "Tp/Cd") or _text(account, "Tp/Prtry"),
        "owner": _text(owner, "Nm"),
        "owner_id": next((found for path in ids if (found := _text(owner, path))), None),
    }


def _balance(element: Element) -> dict[str, Any]:
    return {
        "kind": "balance",
        "type": _text(element, "Tp/CdOrPrtry/Cd") or _text(element, "Tp/CdOrPrtry/Prtry"),
        **_amount(element),
        "at": _date(element, "Dt"),
    }


def _entry(element: Element) -> dict[str, Any]:
    code = _find(element, "BkTxCd")
    details = _find(element, "NtryDtls/TxDtls")
    parts = [_text(code, f"Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return {
        "kind": "entry",
        "reference": _text(element, "AcctSvcrRef") or _text(details, "Refs/AcctSvcrRef"),
        "entry_reference": _text(element, "NtryRef"),
        "reversal": _text(element, "RvslInd") in {"true", "1"},
        "original": None,
        **_amount(element),
        "booked_at": _date(element, "BookgDt"),
        "value_at": _date(element, "ValDt"),
        "code": "-".join(part for part in parts if part) or None,
        "own_code": _text(code, "Prtry/Cd"),
        "end_to_end_id": _text(details, "Refs/EndToEndId"),
        "return_reason": _text(details, "RtrInf/Rsn/Cd"),
        "text": _text(element, "AddtlNtryInf") or _text(details, "RmtInf/Ustrd"),
        "details": sum(_name(part) == "TxDtls" for part in _find(element, "NtryDtls")),
    }


def _amount(element: Element) -> dict[str, Any]:
    amount = _find(element, "Amt")
    return {"amount": _text(element, "Amt"), "currency": amount.get("Ccy"), "sign": _text(element, "CdtDbtInd")}


def _date(element: Element, path: str) -> str | None:
    return _text(element, f"{path}/DtTm") or _text(element, f"{path}/Dt")


def _find(element: Element, path: str) -> Element:
    """Gives the first element at a path of local names; an empty one where there is none."""
    for name in path.split("/"):
        element = next((child for child in element if _name(child) == name), _EMPTY)
    return element


def _text(element: Element, path: str) -> str | None:
    text = (_find(element, path).text or "").strip()
    return text or None


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
