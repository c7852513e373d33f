"""The tables of a source, and the forms in which a field says what is read for it. Structs alone."""

from typing import Annotated, Literal

import msgspec

from streams.policy.language.words import Zone

PathText = Annotated[str, msgspec.Meta(extra={"form": "path"})]
ConditionText = Annotated[str, msgspec.Meta(extra={"form": "condition"})]
TemplateText = Annotated[str, msgspec.Meta(extra={"form": "template"})]
FormText = Annotated[str, msgspec.Meta(extra={"form": "time_form"})]
UrlText = Annotated[str, msgspec.Meta(extra={"form": "registry_url"})]
TopicText = Annotated[str, msgspec.Meta(extra={"form": "topic"})]
SignText = Annotated[str, msgspec.Meta(extra={"form": "sign"})]
GroupText = Annotated[str, msgspec.Meta(extra={"form": "group"})]
EncodingText = Annotated[str, msgspec.Meta(extra={"form": "encoding"})]

Format = Literal["json", "connect", "debezium", "cloudevents", "avro", "debezium-avro", "protobuf", "csv", "camt"]
FILE_FORMATS = ("csv", "camt")
"""Those whose records are rows of files, which `tierflow load` reads."""
Deletes = Literal["refuse", "skip", "map"]
Unit = Literal["s", "ms", "us", "ns", "days"]
Calendar = Literal["common", "roc"]


class FieldRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every field may say: where its value comes from, and what stands for a value that is not there.

    when: of a list of such tables the first one counts whose condition holds.
    """

    path: PathText | None = None
    constant: str | None = None
    template: TemplateText | None = None
    missing: str | None = None
    when: ConditionText | None = None


class WordRule(FieldRule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A text: an id, a code, free text. codes: the source's words, and the contract's word for each."""

    codes: dict[str, str] = {}
    otherwise: str | None = None
    trim: bool | None = None


class SignRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A debit or credit indicator beside an amount: the words that leave it as it is, and those that turn its sign."""

    path: PathText
    plus: list[str]
    minus: list[str]


class MoneyRule(FieldRule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An amount.

    scale: how many of a whole number's digits are decimals, or as many as its currency has. symbol: what stands before
    or behind the digits, such as NT$.
    """

    scale: Annotated[int, msgspec.Meta(ge=0, le=18)] | Literal["currency"] = 0
    sign: SignRule | Literal["drop", "turn"] | None = None
    negative: Literal["leading", "trailing", "parentheses"] = "leading"
    thousands: GroupText | None = None
    decimal_point: SignText | None = None
    symbol: str = ""
    round_to: Annotated[int, msgspec.Meta(ge=0, le=4)] | None = None
    bytes: Literal["base64", "hex"] | None = None
    allow_double: bool = False
    full_width: bool = False


class TimeRule(FieldRule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A time: a number of units since 1970, a text of a form, or ISO 8601 where neither is said.

    of_day: which moment of its day a date without a clock time is.
    """

    unit: Unit | None = None
    form: FormText | None = None
    calendar: Calendar = "common"
    zone: Zone | None = None
    of_day: Literal["start", "end"] = "start"
    full_width: bool = False


WordField = PathText | WordRule | list[PathText | WordRule]
MoneyField = PathText | MoneyRule | list[PathText | MoneyRule]
TimeField = PathText | TimeRule | list[PathText | TimeRule]


class CsvRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The dialect of a file of rows. columns: their names, where the file has no header with them."""

    encoding: EncodingText | None = None
    delimiter: SignText = ","
    quote: GroupText = '"'
    columns: list[str] = []
    skip_lines: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    skip_last_lines: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    comment: SignText | None = None


class RegistryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The schema registry whose schemas records of Avro and Protobuf name."""

    url: UrlText


class SourceWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a source says beside its inputs. zone to trim: what its fields say unless they say something else."""

    topic: TopicText | None = None
    format: Format
    each: PathText | None = None
    skip: ConditionText | None = None
    deletes: Deletes = "refuse"
    zone: Zone | None = None
    thousands: GroupText | None = None
    decimal_point: SignText = "."
    full_width: bool = False
    trim: bool = True
    csv: CsvRule = CsvRule()
