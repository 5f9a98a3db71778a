"""How random examples are drawn: the same ones in every `make test`, many new ones in `make soak`.

LADDERS_TEST_PROFILE chooses: `ci` (the default) or `soak`. Knows nothing of what is tested.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("ci", deadline=None, derandomize=True, max_examples=100)
settings.register_profile(
    "soak",
    deadline=None,
    derandomize=False,
    max_examples=10_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # a long run shares its machine with other runs
)
settings.load_profile(os.environ.get("LADDERS_TEST_PROFILE", "ci"))
