"""Which column is which field: by names that are usual in English, Chinese and German, and by its values' looks."""

import re
from collections.abc import Callable, Sequence

from streams.intake.suggest.columns import Column
from streams.intake.suggest.shapes import is_clock, is_code, is_money, is_time

Fits = Callable[[Column], bool]
_FEW_WORDS = 12


def _any(_: Column) -> bool:
    return True


def _few(column: Column) -> bool:
    return len(column.words) <= _FEW_WORDS


_SIGN = (
    r"(^|_)(dc|dr_?cr|cr_?dr|cdi|cdt_dbt|direction|sign|debit_credit|credit_debit)"
    r"(_?(flg|flag|ind|indicator|code|cd))?$|借貸|借贷"
)

# In this order each takes the best column that is left. A name that holds two of these words is that of the first.
_USUAL: tuple[tuple[str, str, Fits], ...] = (
    ("balance", r"balance|(^|_)bal(_|$)|saldo|餘額|余额|結餘|结余", is_money),
    ("amount", r"amount|(^|_)am(oun)?t(_|$)|betrag|umsatz|金額|金额", is_money),
    ("currency", r"curr|(^|_)ccy(_|$)|w(ä|ae)hrung|幣別|幣種|币种|币别", is_code),
    (
        "at",
        r"(book|post|trans|txn|occur|event).*(at|date|time|ts|day)$|booked|posted|交易日期|交易时间|記帳|记账|buchung",
        is_time,
    ),
    ("at", r"(chang|updat|creat|modif|as_of).*|date|time|(^|_)(at|ts|day)$|日期|datum|tag$", is_time),
    ("clock", r"time|clock|時間|时间|zeit", is_clock),
    ("loan_id", r"loan_?(id|no|num)|application_?(id|no)|貸款編號|贷款编号", _any),
    ("customer_id", r"cust|client|(^|_)cif(_|$)|holder|owner|party|member|客戶|客户|統編|身分證|身份证|kunde", _any),
    ("account_id", r"acc(oun)?t|(^|_)acc(_|$)|iban|konto|帳號|账号|帳戶|账户", _any),
    ("sign", _SIGN, _few),
    ("type", r"type|kind|purpose|categor|(tran|txn|book)\w*_?(code|cd)$|交易別|交易类型|類別|类别|art$", _few),
    ("product", r"prod|產品|产品", _few),
    ("standing", r"standing|grade|rating|信用等級|信用等级", _few),
    ("score", r"score|評分|评分", _any),
    ("event_id", r"(book|trans|txn|post|entry|event|journal)\w*_?(id|no|number|seq|ref)$|序號|流水號|流水号", _any),
    ("event_id", r"(^|_)(id|uuid|key|number|no|nr|seq\w*|ref\w*|booking|編號|编号)$", _any),
)
# What is of a customer or an account, but not its number.
_OTHERWISE = re.compile(r"name|phone|mail|addr|branch|status|姓名|戶名|户名|分行")


def is_sign(column: Column) -> bool:
    """Says whether a column looks like one of debit and credit."""
    return re.search(_SIGN, column.name) is not None and _few(column)


def likely(columns: Sequence[Column]) -> dict[str, Column]:
    """Gives the column of each field for which there is one."""
    found: dict[str, Column] = {}
    for field, usual, fits in _USUAL:
        if field in found:
            continue
        taken = {column.path for column in found.values()}
        named = [
            column
            for column in columns
            if column.path not in taken
            and re.search(usual, column.name)
            and not (field.endswith("_id") and _OTHERWISE.search(column.name))
            and fits(column)
        ]
        if named:
            found[field] = max(named, key=lambda column: (len(column.values), -len(column.name)))
    return found
