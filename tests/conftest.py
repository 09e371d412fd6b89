"""How far the random histories look: ``CIVICLOOP_HYPOTHESIS=gate`` (the default) or ``nightly``.

The gate draws the same histories every time, so that it judges the change and not the day; the nightly run draws
new ones, a hundred times as many.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gate",
    max_examples=100,
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", settings.get_profile("gate"), max_examples=10_000, derandomize=False)
settings.load_profile(os.environ.get("CIVICLOOP_HYPOTHESIS", "gate"))
