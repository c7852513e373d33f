"""Compiles the words for products: those that every policy knows, and those that the file maps to them."""

from collections.abc import Mapping

from streams.languages.said import say
from streams.policy.language.forms import quoted
from streams.policy.language.problems import Problems
from streams.values.products import PRODUCTS, Product


def compile_products(mapped: Mapping[str, Product], problems: Problems) -> dict[str, Product]:
    """Gives the products by their words in small letters; notes a word that has a meaning already."""
    products = dict(PRODUCTS)
    for word, product in mapped.items():
        small = word.lower()
        if small in PRODUCTS:
            problems.add_unless_known(
                ("products", word), say("{small} is a product already; take the line out", small=quoted(small))
            )
        elif small in products:
            says = say("{word} is there in other capitals, which do not matter", word=quoted(word))
            problems.add_unless_known(("products", word), say("{says}; take one of the lines out", says=says))
        else:
            products[small] = product
    return products
