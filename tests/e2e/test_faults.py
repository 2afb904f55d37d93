"""A sample of the plans of tests/faults, each a workload with one fault at one place: at the end the cluster is as if
nothing had gone wrong, nothing ran twice, and the status never claimed more than the releases bear out."""

import pathlib

import pytest

from tests.e2e.harness import process
from tests.faults import campaign, plan

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZE, AT_ONCE = 12, 4
#: Other tests keep the machine busy meanwhile.
PATIENCE = 3.0


@pytest.mark.timeout(600)
async def test_a_sample_of_faults(runner_image: str) -> None:
    every = plan.plans(plan.places())
    chosen = plan.sample(every, SIZE)
    assert len(chosen) == SIZE
    async with campaign.open_campaign(process.image_tag(ROOT), AT_ONCE, lambda entry: None, PATIENCE) as (running, _):
        entries = await running.play(chosen)
    bad = [campaign.told(entry) for entry in entries if entry.problems]
    assert not bad, "\n".join(bad)
    # How many writes of a status there are depends on the machine; were few places met, the plans would prove nothing.
    assert sum(entry.met for entry in entries) >= 0.75 * SIZE
