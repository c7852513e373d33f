"""Products of accounts, and what a balance of each counts for (docs/messages.md#bankbalances)."""

from typing import Literal, get_args

Product = Literal[
    "deposit", "time_deposit", "fund", "securities", "insurance", "loan", "mortgage", "credit_card", "other"
]
PRODUCTS: dict[str, Product] = {product: product for product in get_args(Product)}
"""The words that every policy knows, in small letters."""

DEBTS: frozenset[Product] = frozenset({"loan", "mortgage", "credit_card"})
PRODUCT_UNLESS_KNOWN: Product = "other"

Holding = Literal["assets", "loans"]
"""What totals are kept of: the assets, which are all products but debts, and the loans, which are the debts."""


def holding_of(product: Product) -> Holding:
    """Gives the total that a balance of this product counts in."""
    return "loans" if product in DEBTS else "assets"


def counted_e4(product: Product, balance_e4: int) -> int:
    """Gives what a balance counts for, in ten-thousandths; of a debt this is its absolute value."""
    return abs(balance_e4) if product in DEBTS else balance_e4
