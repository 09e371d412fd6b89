"""How long the random histories look: ``CIVICLOOP_HYPOTHESIS=gate`` (the default, fast) or ``nightly``."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gate", max_examples=100, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", settings.get_profile("gate"), max_examples=10_000)
settings.load_profile(os.environ.get("CIVICLOOP_HYPOTHESIS", "gate"))
