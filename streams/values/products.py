"""Products of accounts: which there are, and what a balance of each counts for."""

from typing import Literal, get_args

Product = Literal["deposit", "time_deposit", "fund", "securities", "insurance", "loan", "other"]
PRODUCTS: dict[str, Product] = {product: product for product in get_args(Product)}

Holding = Literal["assets", "loans"]
"""What totals are kept of: all products but loans, or the loans."""


def holding_of(product: Product) -> Holding:
    """Says in which total a balance counts."""
    return "loans" if product == "loan" else "assets"


def counted_e4(product: Product, balance_e4: int) -> int:
    """Gives what a balance counts for, in ten-thousandths: a loan's by its absolute value."""
    return abs(balance_e4) if product == "loan" else balance_e4
