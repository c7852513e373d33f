"""ISO 20022 statements as a bank's systems write them; the accounts and entries are ours."""

from io import BytesIO

from streams.intake.file_row import FileRow
from streams.intake.formats.camt import read_camt

ACCOUNT = """<Acct><Id><Othr><Id>0048-12345</Id></Othr></Id><Ccy>TWD</Ccy>
<Ownr><Nm>Lin Mei</Nm><Id><PrvtId><Othr><Id>C001</Id></Othr></PrvtId></Id></Ownr></Acct>"""


def balance(kind: str = "CLBD", amount: str = "1250000.00", sign: str = "CRDT", at: str = "2026-11-24") -> str:
    return f"""<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="TWD">{amount}</Amt>
<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{at}</Dt></Dt></Bal>"""


def entry(  # noqa: PLR0913 - each is an element
    reference: str,
    *,
    amount: str = "50000.00",
    sign: str = "CRDT",
    status: str = "<Cd>BOOK</Cd>",
    reversal: str = "",
    end_to_end_id: str = "NOTPROVIDED",
    at: str = "2026-11-24",
) -> str:
    return f"""<Ntry><NtryRef>1</NtryRef><Amt Ccy="TWD">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{reversal}
<Sts>{status}</Sts><BookgDt><Dt>{at}</Dt></BookgDt><ValDt><Dt>{at}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"""


REVERSAL = "<RvslInd>true</RvslInd>"


def statement(*parts: str, version: str = "08", message: str = "BkToCstmrStmt", part: str = "Stmt") -> bytes:
    """The text of a message with one statement. version: of camt.053.001."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><{message}><GrpHdr><MsgId>m1</MsgId></GrpHdr>
<{part}><Id>s-328</Id><CreDtTm>2026-11-25T01:00:00+08:00</CreDtTm>{ACCOUNT}{"".join(parts)}</{part}></{message}>
</Document>""".encode()


def rows_of(text: bytes) -> list[FileRow]:
    return list(read_camt(BytesIO(text)))
