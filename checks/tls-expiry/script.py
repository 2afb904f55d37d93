"""When do certificates of servers run out? One finding a server, about its own certificate, not its authorities'."""

import datetime
import socket
import ssl

import inspect_check as ic

CHECK = "tls-expiry"
RENEW = "renew it and make the server load the new one; where cert-manager does that: cmctl status certificate"
CHAIN = "serve a certificate for this name, with the whole chain of a trusted authority"
REACH = "see whether a server listens there and speaks TLS: openssl s_client -connect"
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18


def element(der: bytes, place: int) -> tuple[int, int, int]:
    """Tag, begin and end of the content of the DER element at `place` (X.690, 8.1)."""
    tag, size, begin = der[place], der[place + 1], place + 2
    if size & 0x80:
        begin += size & 0x7F
        size = int.from_bytes(der[place + 2 : begin], "big")
    return tag, begin, begin + size


def validity(der: bytes) -> tuple[datetime.datetime, datetime.datetime]:
    """notBefore and notAfter of an X.509 certificate (RFC 5280, 4.1). Python tells them of verified ones only."""
    _, place, _ = element(der, 0)  # Certificate
    _, place, _ = element(der, place)  # TBSCertificate
    tag, _, end = element(der, place)
    if tag == 0xA0:  # the version, which may be missing
        place = end
    for _ in ("serialNumber", "signature", "issuer"):
        place = element(der, place)[2]
    _, place, _ = element(der, place)  # validity
    end = element(der, place)[2]
    return moment(der, place), moment(der, end)


def moment(der: bytes, place: int) -> datetime.datetime:
    tag, begin, end = element(der, place)
    form = {UTC_TIME: "%y%m%d%H%M%SZ", GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}[tag]
    found = datetime.datetime.strptime(der[begin:end].decode("ascii"), form).replace(tzinfo=datetime.UTC)
    # Two digits of a year: RFC 5280 has 50 to 99 in the last century, Python 69 to 99.
    return found.replace(year=found.year - 100) if tag == UTC_TIME and found.year >= 2050 else found


def certificate(host: str, port: int, name: str, verify: bool) -> bytes:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((host, port), ic.integer("timeoutSeconds", 10)) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def look(target: str) -> ic.Row:
    host, port = ic.endpoint(target)
    name = ic.text("serverName") or host
    warn, fail = ic.integer("warnDays", 30), ic.integer("failDays", 7)
    try:
        begins, ends = validity(certificate(host, port, name, verify=False))
        if ic.flag("verifyChain"):
            certificate(host, port, name, verify=True)
    except ssl.SSLCertVerificationError as error:
        return target, "fail", f"runs out {ends:%Y-%m-%d}, but is not valid for {name}: {error.verify_message}", CHAIN
    except (OSError, ValueError) as error:
        return target, "fail", f"no certificate to be had: {getattr(error, 'strerror', None) or error}", REACH
    except (KeyError, IndexError):
        return target, "unknown", "the certificate can't be read"
    now = datetime.datetime.now(datetime.UTC)
    days = (ends - now).total_seconds() / 86400
    if begins > now:
        return (
            target,
            "fail",
            f"not valid before {begins:%Y-%m-%d %H:%M} UTC",
            "compare the clocks, here and where it was signed",
        )
    if days < 0:
        return target, "fail", f"ran out {-days:.0f} days ago, {ends:%Y-%m-%d}", RENEW
    result = "fail" if days < fail else "warn" if days < warn else "success"
    words = f"runs out in {days:.0f} days, {ends:%Y-%m-%d}; warns below {warn}, fails below {fail}"
    return target, result, words, "" if result == "success" else RENEW


def main() -> None:
    ic.report(CHECK, ic.side_by_side(look, ic.texts("targets")))


ic.run(CHECK, main)
