"""Texts of several answers and bodies."""

from typing import Annotated

import msgspec

Names = dict[str, str]
"""What something is called, by language, as the policy gives it."""

PolicyToml = Annotated[str, msgspec.Meta(max_length=65_536)]
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
