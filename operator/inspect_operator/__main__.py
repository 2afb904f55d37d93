"""`inspect-operator` (or `python -m inspect_operator`): runs the operator until it is stopped or loses its Lease."""

import argparse
import asyncio
import contextlib
import dataclasses
import datetime
import json
import logging
import signal
import sys
from collections.abc import Coroutine, Sequence

from inspect_operator import __version__, errors
from inspect_operator import settings as settings_module
from inspect_operator.cluster import client, lease
from inspect_operator.handlers import operator as operators
from inspect_operator.handlers import web
from inspect_operator.publish import meters
from inspect_operator.release import helm

logger = logging.getLogger("inspect_operator")

EXIT_FAILED, EXIT_LEASE = 1, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 stopped, 1 could not start, 2 wrong arguments, 3 another operator is at work or took over."""
    parser = argparse.ArgumentParser(prog="inspect-operator", description="Runs Inspect objects as Helm releases.")
    parser.add_argument("--version", action="version", version=f"inspect-operator {__version__}")
    parser.add_argument(
        "-n", "--namespace", action="append", metavar="NAME", dest="namespaces",
        help="serve this namespace only; may be repeated (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--lease-namespace",
        metavar="NAME",
        help="where the Lease is (default: in a pod its own, else where one is held)",
    )
    parser.add_argument("--log-level", choices=["DEBUG", "INFO", "WARNING", "ERROR"], help="default: INFO")
    parser.add_argument("--log-format", choices=["text", "json"], help="default: text")
    parser.epilog = (
        "Every setting may also stand in the environment as INSPECT_OPERATOR_<NAME>, for example "
        "INSPECT_OPERATOR_RUNNER_IMAGE. The cluster is that of KUBECONFIG, ~/.kube/config or the pod's account."
    )
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value}
    # The API server takes objects of 10,000 levels below `task:`, and Python's parser stops the whole watch at 1,000.
    sys.setrecursionlimit(20_000)
    try:
        settings = settings_module.read()
        settings = dataclasses.replace(settings, **{**given, **_namespaces(given)})
        _log(settings)
        return asyncio.run(run(settings))
    except errors.InspectError as error:
        logger.error("inspect-operator stopped reason=%s error=%s", error.reason, error)
        return EXIT_LEASE if isinstance(error, errors.LeaseHeld) else EXIT_FAILED


async def run(settings: settings_module.Settings) -> int:
    """Takes the Lease, serves until a signal or the Lease's loss, and gives it back.

    :raises errors.InspectError: it could not start
    """
    version = await helm.Helm(settings.helm, 1).version()
    counted = meters.Meters()
    counted.built(version)
    async with web.Web(settings.http_port, counted) as served, await client.Cluster.connect() as cluster:
        where = settings.lease_namespace or await lease.home(cluster, settings.lease_name)
        held = lease.Lease(cluster, where, settings.lease_name, settings.lease_seconds)
        counted.leads(settings.lease_name, False)
        if not await _unless_stopped(_take(held, settings.stand_by, served)):
            return 0
        served.state = web.State.STARTING
        counted.leads(settings.lease_name, True)
        settings = dataclasses.replace(settings, lease_namespace=where)
        operator = operators.Operator(settings, cluster, datetime.datetime.now(datetime.UTC), counted)
        stop = asyncio.Event()

        async def hold() -> None:
            """Without the Lease nothing more may be written: another operator may begin within seconds."""
            try:
                await held.hold()
                counted.leads(settings.lease_name, False)
                await operator.close(at_once=True)
            finally:
                stop.set()

        holding = asyncio.create_task(hold(), name="lease")
        try:
            if not settings.namespaces:
                await lease.refuse_others(cluster, held)
            await operator.prime()
            served.statuses, served.state = operator.statuses, web.State.SERVING
            logger.info(
                "inspect-operator started version=%s helm=%s namespaces=%s",
                __version__, version, ",".join(settings.namespaces) or "all",
            )  # fmt: skip
            await operator.serve(stop)
        finally:
            await operator.close()
            lost = stop.is_set()
            holding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await holding
            if not lost:
                await held.release()
        return EXIT_LEASE if lost else 0


async def _take(held: lease.Lease, stand_by: bool, served: web.Web) -> None:
    """Takes the Lease. Another operator may be at work already: then this one stands by, or refuses to start.

    :raises errors.LeaseHeld: it refuses
    """
    try:
        await held.acquire()
    except errors.LeaseHeld:
        if not stand_by:
            raise
        served.state = web.State.STANDING_BY
        await held.stand_by()


async def _unless_stopped(wait: Coroutine[None, None, None]) -> bool:
    """Waits, and says whether that was for the end: SIGTERM ends it. Later kopf sees to signals; until then nobody
    would, for the first process of a container."""
    waiting = asyncio.create_task(wait, name="lease")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, waiting.cancel)
    try:
        await waiting
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        return False
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    return True


def _namespaces(given: dict[str, object]) -> dict[str, object]:
    names = given.get("namespaces")
    return {"namespaces": tuple(names)} if isinstance(names, list) else {}


def _log(settings: settings_module.Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Json()
        if settings.log_format == "json"
        else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    )
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for noisy in ("asyncio", "aiohttp", "kopf", "kubernetes"):
        logging.getLogger(noisy).setLevel(max(logging.getLogger().level, logging.WARNING))


class _Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
