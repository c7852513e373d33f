"""The types that the tables of a policy file share: kinds of texts, and ranges of whole numbers.

The type of a text names its form, a key of FORMS in forms.py; reader.py holds a file against it.
"""

from typing import Annotated

import msgspec

DAYS_LIMIT = 3_660
MONTHS_LIMIT = 120
DAY_S = 86_400

Word = Annotated[str, msgspec.Meta(extra={"form": "word"})]
Language = Annotated[str, msgspec.Meta(extra={"form": "language"})]
Title = Annotated[str, msgspec.Meta(extra={"form": "title"})]
Currency = Annotated[str, msgspec.Meta(extra={"form": "currency"})]
ProductWord = Annotated[str, msgspec.Meta(extra={"form": "product"})]
Zone = Annotated[str, msgspec.Meta(extra={"form": "zone"})]
FloorText = Annotated[str, msgspec.Meta(extra={"form": "floor"})]
Times = Annotated[str, msgspec.Meta(extra={"form": "times"})]
Weight = Annotated[str, msgspec.Meta(extra={"form": "weight"})]
Share = Annotated[str, msgspec.Meta(extra={"form": "share"})]
Part = Annotated[str, msgspec.Meta(extra={"form": "part"})]
Rate = Annotated[str, msgspec.Meta(extra={"form": "rate"})]
YearDay = Annotated[str, msgspec.Meta(extra={"form": "year_day"})]
TransactionType = Annotated[str, msgspec.Meta(extra={"form": "transaction_type"})]
Days = Annotated[int, msgspec.Meta(ge=0, le=DAYS_LIMIT)]
Months = Annotated[int, msgspec.Meta(ge=0, le=MONTHS_LIMIT)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=DAY_S)]
Period = Annotated[int, msgspec.Meta(ge=1, le=DAYS_LIMIT)]
DateText = Annotated[str, msgspec.Meta(extra={"form": "date"})]
