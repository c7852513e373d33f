"""What a tier is for: needs, services, campaigns and risk controls, in the bank's words."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

ServiceKind = Literal["plan", "adviser", "product", "channel", "value-added"]


class Service(msgspec.Struct, frozen=True):
    """One service of a tier, from its first to its last local day, both included; None: no beginning, or no end."""

    id: str
    kind: ServiceKind
    name: Mapping[str, str]  # by language
    first_day: int | None
    last_day: int | None


class Strategy(msgspec.Struct, frozen=True):
    """What a bank does for the customers of a tier; each tier change carries the new tier's."""

    needs: Sequence[str]
    services: Sequence[Service]
    campaigns: Sequence[str]
    risk_controls: Sequence[str]
