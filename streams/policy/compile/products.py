"""Compiles the words for products: those that every policy knows, and those that the file maps to them."""

from collections.abc import Mapping

from streams.policy.language.forms import quoted
from streams.policy.language.problems import Problems
from streams.values.products import PRODUCTS, Product


def compile_products(mapped: Mapping[str, Product], problems: Problems) -> dict[str, Product]:
    """Gives the products by their words in small letters; notes a word that has a meaning already."""
    products = dict(PRODUCTS)
    for word, product in mapped.items():
        small = word.lower()
        if small in PRODUCTS:
            problems.add_unless_known(("products", word), f"{quoted(small)} is a product already; take the line out")
        elif small in products:
            says = f"{quoted(word)} is there in other capitals, which do not matter"
            problems.add_unless_known(("products", word), f"{says}; take one of the lines out")
        else:
            products[small] = product
    return products
