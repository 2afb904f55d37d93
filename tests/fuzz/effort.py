"""How much is played, and from where: `make fuzz TIMES=… SEED=…` sets it; `make test` plays it once."""

import os
from collections.abc import Callable
from typing import Any

import hypothesis
import hypothesis.strategies

SEED = int(os.environ.get("FUZZ_SEED") or 1)
TIMES = float(os.environ.get("FUZZ_TIMES") or 1.0)


def played(examples: int, **settings: Any) -> Callable[[Any], Any]:
    """So many examples in `make test`; the same ones each time, and the one that fails says how to have it again."""
    number = max(1, round(examples * TIMES))
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
    return f"FUZZ_SEED={SEED} FUZZ_TIMES={TIMES:g} pytest {test}"


def drawn(strategy: hypothesis.strategies.SearchStrategy[Any], examples: int) -> list[Any]:
    """So many examples, without playing them one by one. Each is drawn for itself: the engine likes to vary what it has
    just drawn, and begins with the simplest."""
    quick = hypothesis.settings(
        max_examples=2, phases=[hypothesis.Phase.generate], deadline=None, database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    return [_last(strategy, SEED * 1_000_003 + number, quick) for number in range(max(1, round(examples * TIMES)))]


def _last(strategy: hypothesis.strategies.SearchStrategy[Any], seed: int, settings: hypothesis.settings) -> Any:
    found: list[Any] = []

    def keep(one: Any) -> None:
        found.append(one)

    hypothesis.seed(seed)(settings(hypothesis.given(strategy)(keep)))()
    return found[-1]
