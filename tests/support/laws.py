"""How laws are tried: the same examples at every run of the tests, and others, many more, where they are hunted.

A run of the tests says whether what was right is still right. A random example that fails then says nothing about the
change that it stops; so seeds are fixed, and `make laws` looks for further examples, with new seeds every time.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

FAST = os.environ.get("TIERFLOW_FAST") == "1"
# So many times the examples, of random seeds.
HUNT = int(os.environ.get("TIERFLOW_LAWS", "0"))


def laws(examples: int) -> settings:
    """Settings of a law; `make fast` tries a tenth of the examples."""
    return settings(max_examples=examples * HUNT if HUNT else examples // 10 if FAST else examples)


def be_the_same_everywhere() -> None:
    """The default of all laws: nothing that is drawn, and no verdict, depends on the machine or on what ran before."""
    settings.register_profile(
        "laws",
        derandomize=not HUNT,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
        max_examples=100 * max(HUNT, 1),
    )
    settings.load_profile("laws")
    if not HUNT:
        # Hypothesis also draws constants of our modules, of those that are loaded: another order of the tests, or
        # another constant somewhere, would be other examples.
        providers._get_local_constants = lambda: providers._local_constants
