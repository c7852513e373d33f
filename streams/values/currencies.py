"""The currencies of ISO 4217, and how many decimals an amount has that is paid in each.

The codes are those of tables A.1 (in use) and A.3 (withdrawn: history bears them, and accounts may still hold them) of
SIX, which keeps the standard, as of 2026-01-01. They were taken from https://github.com/datasets/currency-codes (public
domain, made anew each month), commit ab9b0ae. A test holds them against the library iso4217, which goes with the
tables.
"""

# By the decimals of the minor unit.
_IN_USE = {
    0: ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
        "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
        "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK "
        "MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
        "RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
        "USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: ("BHD IQD JOD KWD LYD OMR TND"),
    4: ("CLF UYW"),
}
# Metals, funds and codes for testing: they have no minor unit.
_NO_MONEY = "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"
_WITHDRAWN = (
    "ADP AFA ALK ANG AOK AON AOR ARA ARP ARY ATS AYM AZM BAD BEC BEF BEL BGJ BGK BGL BGN BOP BRB BRC BRE "
    "BRN BRR BUK BYB BYR CHC CSD CSJ CSK CUC CYP DDM DEM ECS ECV EEK ESA ESB ESP FIM FRF GEK GHC GHP GNE "
    "GNS GQE GRD GWE GWP HRD HRK IEP ILP ILR ISJ ITL LAJ LSM LTL LTT LUC LUF LUL LVL LVR MGF MLF MRO MTL "
    "MTP MVQ MXP MZE MZM NIC NLG PEH PEI PES PLZ PTE RHD ROK ROL RUR SDD SDP SIT SKK SLL SRG STD SUR TJR "
    "TMM TPE TRL UAK UGS UGW USS UYN UYP VEB VEF VNC XEU XFO XFU XRE YDD YUD YUM YUN ZAL ZMK ZRN ZRZ ZWC "
    "ZWD ZWL ZWN ZWR"
)

COMMON_NAMES = {
    **dict.fromkeys(("RMB", "CNH"), "CNY"),
    **dict.fromkeys(("NTD", "NTW"), "TWD"),
    **dict.fromkeys(("YEN", "JPN"), "JPY"),
    **dict.fromkeys(("UKP", "STG"), "GBP"),
    "WON": "KRW",
    "SFR": "CHF",
    "EUO": "EUR",
    "USA": "USD",
    "HKG": "HKD",
    "SIN": "SGD",
}
"""Names that are taken for codes, and the code that is meant."""

_DECIMALS_UNLESS_KNOWN = 2
_DECIMALS = {code: decimals for decimals, codes in _IN_USE.items() for code in codes.split()}
IN_USE = frozenset(_DECIMALS)
CODES = frozenset([*_DECIMALS, *_NO_MONEY.split(), *_WITHDRAWN.split()])
"""All codes, those of withdrawn currencies too."""


def minor_decimals(currency: str) -> int:
    """Gives how many decimals a paid amount has: JPY none, KWD three; 2 where the standard says nothing."""
    return _DECIMALS.get(currency, _DECIMALS_UNLESS_KNOWN)


def meant_by(word: str) -> str | None:
    """Gives the code that is meant by a common name, such as CNY by RMB; None where it is no such name."""
    return COMMON_NAMES.get(word)
