"""How much is played, and from where: `make fuzz EXAMPLES=… SEED=…` sets it; `make test` plays the first few."""

import os
from collections.abc import Callable
from typing import Any

import hypothesis

SEED = int(os.environ.get("FUZZ_SEED") or 1)
FACTOR = float(os.environ.get("FUZZ_FACTOR") or 1.0)


def played(examples: int, **settings: Any) -> Callable[[Any], Any]:
    """So many examples in `make test`; the same ones each time, and the one that fails says how to have it again."""
    number = max(1, round(examples * FACTOR))
    settings = {"deadline": None, "database": None, "print_blob": False, "max_examples": number, **settings}
    quiet = [
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.data_too_large,
        hypothesis.HealthCheck.large_base_example,
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.filter_too_much,
    ]

    def decorate(test: Any) -> Any:
        return hypothesis.seed(SEED)(hypothesis.settings(suppress_health_check=quiet, **settings)(test))

    return decorate


def again(test: str) -> str:
    """The command that plays the same once more."""
    return f"FUZZ_SEED={SEED} FUZZ_FACTOR={FACTOR:g} pytest {test}"
