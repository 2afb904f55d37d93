"""Do ports accept connections? One finding a port. A name that isn't resolved says nothing about its port."""

import socket
import time

import inspect_check as ic

CHECK = "tcp"
UNNAMED = "mend the name or its DNS record"
DROPPED = "see whether the machine is up, and which firewall or NetworkPolicy drops packets on the way"
REFUSED = "see whether the service runs and listens on that address (ss -ltnp), and whether a firewall refuses"
OPEN = "stop the service, or close the port with a firewall or NetworkPolicy"


def look(target: str) -> ic.Row:
    timeout, limit = ic.integer("timeoutSeconds", 5), ic.integer("limitMilliseconds", 0)
    wanted = ic.text("expect", "reachable") == "reachable"
    host, port = ic.endpoint(target)
    began = time.monotonic()
    try:
        socket.create_connection((host, port), timeout).close()
    except socket.gaierror as error:
        return target, "fail" if wanted else "unknown", f"the name is not resolved: {error.strerror}", UNNAMED
    except TimeoutError:
        return (
            target,
            "fail" if wanted else "success",
            f"unreachable: no answer within {timeout} s",
            DROPPED if wanted else "",
        )
    except OSError as error:
        return (
            target,
            "fail" if wanted else "success",
            f"unreachable: {error.strerror or error}",
            REFUSED if wanted else "",
        )
    took = (time.monotonic() - began) * 1000
    if not wanted:
        return target, "fail", f"reachable in {took:.0f} ms, and should not be", OPEN
    if limit and took > limit:
        return (
            target,
            "fail",
            f"reachable in {took:.0f} ms, limit {limit} ms",
            "look at the way there (mtr, ping) and at its load",
        )
    return target, "success", f"reachable in {took:.0f} ms"


def main() -> None:
    ic.report(CHECK, ic.side_by_side(look, ic.texts("targets")))


ic.run(CHECK, main)
