"""The command line: which peers, how many objects, counted or timed."""

import argparse
import asyncio
import dataclasses
import json
import os
import pathlib
import shlex
from collections.abc import Sequence

from measure import connection, peers, scenarios, table

_PEERS = {"exec": peers.Kind.EXEC, "warm": peers.Kind.WARM, "naive": peers.Kind.NAIVE}


def main(arguments: Sequence[str]) -> int:
    """0 where everything was measured."""
    options = _parser().parse_args(arguments)
    connection.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(peers.ROOT / "crds"))
    with connection.alone():
        return _measure(options, arguments)


def _measure(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    command = f"make bench ARGS={shlex.quote(shlex.join(arguments))}" if arguments else "make bench"
    texts, raw = [], []
    for size in options.objects:
        plan = scenarios.Plan(size, options.tasks, options.latencies, options.idle_seconds)
        pairs: dict[str, table.Pair] = {}
        for name in options.peers:
            kind = _PEERS[name]
            results: dict[bool, scenarios.Result | None] = {False: None, True: None}
            for counted in (False, True):
                if options.only in (None, "counts" if counted else "times"):
                    print(f"{kind.value}: {size} × {options.tasks}, {'counted' if counted else 'timed'}", flush=True)
                    # Timing the counted run as well would time the proxy.
                    made = results[counted] = asyncio.run(scenarios.Run(kind, plan, counted).measure())
                    for part in made.parts:
                        print(f"  {part.name}: {part.seconds:.1f} s, CPU {part.cpu_seconds:.1f} s", flush=True)
            pairs[kind.value] = (results[False], results[True])
            raw += [dataclasses.asdict(result) | {"counted": counted} for counted, result in results.items() if result]
        texts.append(table.markdown(pairs, plan, command))
        print(texts[-1], flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    machine = {"cpus": os.cpu_count(), "load": os.getloadavg()}
    (options.out / "bench.json").write_text(json.dumps({"command": command, "machine": machine, "runs": raw}, indent=1))
    (options.out / "bench.md").write_text("\n".join(texts))
    print(f"written: {options.out / 'bench.json'}, {options.out / 'bench.md'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python dev/bench", description=__doc__)
    parser.add_argument("--peers", nargs="+", choices=list(_PEERS), default=["warm", "exec", "naive"])
    parser.add_argument("--objects", nargs="+", type=int, default=[100], help="sizes; each is a table (default: 100)")
    parser.add_argument("--tasks", type=int, default=1, help="tasks an object (default: 1)")
    parser.add_argument("--latencies", type=int, default=20, help="objects made one by one (default: 20)")
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    parser.add_argument("--only", choices=["counts", "times"], help="counts: through the proxy; times: without it")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("dist/bench"))
    return parser
