"""`python -m tests.faults`: plays plans against the cluster of the environment; `make faults` calls it."""

import argparse
import asyncio
import logging
import pathlib
import signal
import sys

from tests.e2e.harness import installed, process
from tests.faults import campaign, ledger, plan, table

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main() -> int:
    """Exit code 0 where all that were played are green."""
    parser = argparse.ArgumentParser(prog="make faults", description="One fault at one place, again and again.")
    parser.add_argument("--plans", default="sample", help="all (that are not green yet), sample, learn, or ids")
    parser.add_argument("--at-once", type=int, default=4, metavar="N", help="side by side; default 4")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="play so many at most")
    parser.add_argument("--only", default="", metavar="WORD", help="plans whose id has the word; a workload to learn")
    parser.add_argument(
        "--patience", type=float, default=1.0, metavar="N", help="times the minute promised, on a machine that is busy"
    )
    parser.add_argument("--again", action="store_true", help="also those that are green already")
    parser.add_argument("--list", action="store_true", help="print the plans and how they ended; play none")
    parser.add_argument("--table", action="store_true", help="print what is green as Markdown; play none")
    asked = parser.parse_args()
    known = plan.places()
    every = plan.plans(known)
    if asked.list:
        return _list(every)
    if asked.table:
        print(table.markdown(every, ledger.Ledger("").of(every)))
        return 0
    chosen = _chosen(asked, every, known)
    # What it says of connections that the proxy broke is nothing new.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    with installed.aside(ROOT):
        return asyncio.run(_play(asked, chosen, every))


def _chosen(asked: argparse.Namespace, every: list[plan.Plan], known: plan.Places) -> list[plan.Plan]:
    match asked.plans:
        case "learn":
            return []
        case "all":
            chosen = every
        case "sample":
            chosen = plan.sample(every)
        case ids:
            return [plan.named(every, one, known) for one in ids.split(",")]
    chosen = [one for one in chosen if asked.only in one.id]
    if not asked.again and asked.plans == "all":
        before = ledger.Ledger("").of(every)
        chosen = [one for one in chosen if one.id not in before or not before[one.id].green]
    return chosen[: asked.limit or None]


async def _play(asked: argparse.Namespace, chosen: list[plan.Plan], every: list[plan.Plan]) -> int:
    current = asyncio.current_task()
    assert current is not None
    # Ended, it leaves nothing behind.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, current.cancel)

    def say(entry: ledger.Entry) -> None:
        print(campaign.told(entry), flush=True)

    async with campaign.open_campaign(process.image_tag(ROOT), asked.at_once, say, asked.patience) as (running, notes):
        if asked.plans == "learn":
            await campaign.learn_all(running, asked.only)
            return 0
        entries = await running.play(chosen)
    ran = notes.of(every)
    print(f"{sum(one.green for one in entries)} of {len(entries)} green; of all {len(every)} plans "
          f"{sum(one.id not in ran for one in every)} have not run yet (--list names them)")  # fmt: skip
    return 0 if all(one.green for one in entries) else 1


def _list(every: list[plan.Plan]) -> int:
    ran = ledger.Ledger("").of(every)
    for one in every:
        entry = ran.get(one.id)
        word = "not run" if entry is None else "green" if entry.green else "FAILED" if entry.met else "not met"
        print(f"{word:8} {one.id:40} {one.place}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
