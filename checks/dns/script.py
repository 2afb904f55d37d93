"""Are names resolved? As programs do it (getaddrinfo), or by asking one name server (RFC 1035, over UDP or TCP)."""

import queue
import secrets
import socket
import struct
import threading
import time

import inspect_check as ic

CHECK = "dns"
A, AAAA = 1, 28
NO_ANSWER = (
    "of names in the cluster: kubectl -n kube-system logs -l k8s-app=kube-dns; of others: the servers it forwards to"
)
OTHER = "mend the record, or the parameter addresses if that is where the name should lead now"
SLOW = "look at the load of the name servers; a name that ends in a dot is not tried in each search domain"
TRUNCATED, REFUSALS = 0x0200, {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN (no such name)", 4: "NOTIMP", 5: "REFUSED"}


def by_system(name: str, timeout: float) -> list[str]:
    """getaddrinfo knows no timeout: it runs in a thread that is left alone when it takes too long."""
    answers: queue.Queue[list[str] | OSError] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(sorted({str(one[4][0]) for one in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}))
        except (OSError, UnicodeError) as error:
            answers.put(OSError(getattr(error, "strerror", None) or str(error)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError(f"no answer within {timeout:g} s") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def by_server(name: str, server: tuple[str, int], timeout: float) -> list[str]:
    """IPv4 and IPv6 addresses; a name that has neither is an error."""
    found = [address for kind in (A, AAAA) for address in ask_server(name, kind, server, timeout)]
    if not found:
        raise OSError("it has no address")
    return sorted(found)


def ask_server(name: str, kind: int, server: tuple[str, int], timeout: float) -> list[str]:
    number = secrets.randbelow(65536)
    labels = [label.encode("idna") for label in name.rstrip(".").split(".")]
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0" + struct.pack(">HH", kind, 1)
    asked = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + question
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(timeout)
        udp.connect(server)
        udp.send(asked)
        answer = udp.recv(65535)
        while answer[:2] != asked[:2]:
            answer = udp.recv(65535)
    if struct.unpack(">H", answer[2:4])[0] & TRUNCATED:
        with socket.create_connection(server, timeout) as tcp, tcp.makefile("rb") as stream:
            tcp.sendall(struct.pack(">H", len(asked)) + asked)
            answer = stream.read(struct.unpack(">H", stream.read(2))[0])
    return addresses(answer, kind)


def addresses(answer: bytes, kind: int) -> list[str]:
    """The addresses of an answer; aliases on the way are left out.

    :raises OSError: the server said why not, or what came is no answer
    """
    try:
        _, flags, questions, answers = struct.unpack(">HHHH", answer[:8])
        if flags & 0xF:
            raise OSError(REFUSALS.get(flags & 0xF, f"error {flags & 0xF}"))
        place, found = 12, []
        for _ in range(questions):
            place = behind_name(answer, place) + 4
        for _ in range(answers):
            place = behind_name(answer, place)
            of, _, _, size = struct.unpack(">HHIH", answer[place : place + 10])
            place += 10
            if of == kind:
                family = socket.AF_INET if kind == A else socket.AF_INET6
                found.append(socket.inet_ntop(family, answer[place : place + size]))
            place += size
        return found
    except (struct.error, IndexError, ValueError):
        raise OSError("the name server's answer can't be read") from None


def behind_name(answer: bytes, place: int) -> int:
    while answer[place]:
        if answer[place] >= 0xC0:  # a pointer ends the name
            return place + 2
        place += answer[place] + 1
    return place + 1


def main() -> None:
    limit, timeout = ic.integer("limitMilliseconds", 2000), ic.integer("timeoutSeconds", 5)
    expected = set(ic.texts("addresses"))
    server = named_server(ic.text("server"))

    def look(name: str) -> ic.Row:
        began = time.monotonic()
        try:
            found = by_server(name, server, timeout) if server else by_system(name, timeout)
        except TimeoutError:
            return name, "fail", f"no answer within {timeout} s", NO_ANSWER
        except (OSError, UnicodeError) as error:
            return name, "fail", f"not resolved: {error}", NO_ANSWER
        took = (time.monotonic() - began) * 1000
        words = f"{', '.join(found[:5])}{' …' if len(found) > 5 else ''} in {took:.0f} ms"
        if expected and not expected & set(found):
            return name, "fail", f"{words}; expected one of {', '.join(sorted(expected))}", OTHER
        return (
            name,
            "success" if took <= limit else "fail",
            f"{words}, limit {limit} ms",
            SLOW if took > limit else "",
        )

    ic.report(CHECK, ic.side_by_side(look, ic.texts("names", ["kubernetes.default.svc"])))


def named_server(written: str) -> tuple[str, int] | None:
    if not written:
        return None
    host, port = (written, 53) if written.count(":") > 1 and written[0] != "[" else ic.endpoint(written, 53)
    try:
        return str(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0]), port
    except OSError as error:
        raise ic.Trouble(f"name server {written}: {error.strerror}") from None


ic.run(CHECK, main)
