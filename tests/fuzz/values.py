"""Values of one place of the schema: those it takes, extremes above all, and those it doesn't."""

from typing import Any

from hypothesis import strategies as st

from tests.fuzz.places import Node
from tests.unit import hostile

Values = st.SearchStrategy[Any]

#: What a schema can't say of these fields: right, on the edge of it, and wrong, which only we or Kubernetes can tell.
EDGES: dict[str, tuple[str, ...]] = {
    "schedule": (
        "* * * * *", "0 0 31 2 *", "59 23 31 12 6", "*/7 0-23/2 1,15 JAN-DEC SUN", "0 0 * * 7", "0   0 1 1 0",
        "? ? ? ? ?", "60 24 32 13 8", "a b c d e", "5-1 * * * *", "*/0 * * * *", "@yearly", "@midnight", "1,,2 * * * *",
        "- - - - -", "/ / / / /", "0 0 29 2 MON", "0-59 * * * *", "99999999999999999999 * * * *",
        "0," * 58 + "0 * * * *",
    ),
    "timeZone": ("UTC", "Etc/UTC", "Asia/Shanghai", "Local", "TZ=UTC", "../etc/passwd", "No/Where", " UTC", "utc", "/"),
    "timeout": (), "connectTimeout": (), "runTimeout": (),
    "type": ("script", "image", "Script", " script"),
    "script_location": ("local", "remote", "all", "REMOTE"),
    "source": ("cpu.sh", "test.sh", "disk-usage", "../cpu.sh", "try:latest"),
    "check": ("disk-usage", "cpu.sh", "nodes-ready", "pods-abnormal", "dns", "../dns"),
    "template": ("playbook", "script", "image", "ssh", "macros"),
    "profile": ("node", "root"),
    "ip": ("10.0.0.1", "::1", "host.example", "-oProxyCommand=x", "a b"),
    "address": ("10.0.0.1", "::1", "fe80::1%eth0", "host.example", "-oProxyCommand=x", "%", ":"),
    "effect": (), "prefix": ("A_", "1", "=", "A B"), "image": ("registry.example/ping:2", " x", "x ", "X:Y:Z"),
    "file": ("/tmp/report.xml", "/tmp/../x", "/tmp/$(x)", "/tmp/\x80", "/tmp/\u2028", "/tmp/a b"),
    "user": ("root", "a\x80b", "-l", "$(id)"),
    "password": ("canary-4711", "canary-\x00", "canary-{{ 7 }}\n"),
    "dependsOn": ("disk", "last"), "tasks": ("disk",),
}  # fmt: skip
DURATIONS = ("1s", "0s", "0h0m0s", "1h30m", "99999h99999m999999s", "00000h00001s", "999999s", "1m")
QUANTITIES = (
    0, 1, -1, 2**31, 2**63 - 1, "0", "1", "10m", "1.5", "1Gi", "-1Gi", "+1", ".5", "1.", "1e3", "1E400", "1e-400",
    "0.0000000001", "9" * 40, "1n", "1Ei", "1Pi", "100%",
)  # fmt: skip
_PARAMETERS = ("limitPercent", "paths", "playbook", "forks")
_ANYTHING: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.0, 1.5, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 1e300, "", "x", "true", "1",
    "null", [], {}, [None], [[]], {"": None}, {"a": {}}, [{}], "\x00", "磁" * 100,
)  # fmt: skip
_TEXTS = tuple(text for text in hostile.MANY if not any(0xD800 <= ord(one) <= 0xDFFF for one in text))
_SHORT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
#: What `parameters` and the original spelling take: anything.
JSON: Values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(_TEXTS) | _SHORT,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(_TEXTS) | _SHORT, below, max_size=3),
    max_leaves=6,
)  # fmt: skip


def good(node: Node, name: str) -> Values:
    """What the schema takes of a place below which it says nothing more; `name` is that of the field."""
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if node.get("x-kubernetes-int-or-string"):
        return st.sampled_from([one for one in QUANTITIES if one != "100%"])
    match node.get("type"):
        case "boolean":
            return st.booleans()
        case "integer":
            least, most = node.get("minimum", -(2**63)), node.get("maximum", 2**63 - 1)
            return st.sampled_from((least, most)) | st.integers(least, most)
        case "string":
            return _text(node, name)
        case "object" if isinstance(node.get("additionalProperties"), dict):
            most = min(node.get("maxProperties", 3), 8)
            return st.dictionaries(_keys(name), good(node["additionalProperties"], name), max_size=most)
        case "object" if node.get("x-kubernetes-preserve-unknown-fields"):
            return st.dictionaries(st.sampled_from(_PARAMETERS) | _SHORT, JSON, max_size=3)
    return st.just({})


def bad(node: Node, name: str) -> Values:
    """What the schema mostly doesn't take: another type, a little too much or too little, another form."""
    wrong: list[Any] = [*_ANYTHING]
    if "minimum" in node:
        wrong += [node["minimum"] - 1, node["maximum"] + 1]
    if "maxLength" in node:
        wrong += ["x" * (node["maxLength"] + 1), "x" * node["maxLength"], "😀" * min(node["maxLength"], 5000)]
    if "maxItems" in node:
        wrong += [[{}] * (node["maxItems"] + 1), ["x"] * (node["maxItems"] + 1)]
    if "maxProperties" in node:
        wrong += [{f"k{number}": "1" for number in range(node["maxProperties"] + 1)}]
    return st.sampled_from(wrong) | st.sampled_from(_TEXTS) | st.sampled_from((*EDGES.get(name, ()), "100%", "1x", ""))


def _text(node: Node, name: str) -> Values:
    least, most = node.get("minLength", 0), node.get("maxLength", 200)
    edges = [one for one in EDGES.get(name, ()) if least <= len(one) <= most]
    if "[hms]" in node.get("pattern", "") or "{1,5}h" in node.get("pattern", ""):
        edges += DURATIONS
    ways: list[Values] = [st.sampled_from(edges)] if edges else []
    if "pattern" in node:
        made = st.from_regex(node["pattern"], fullmatch=True).filter(lambda text: least <= len(text) <= most)
        return st.one_of(*ways, made)
    texts = [
        text for text in (*_TEXTS, *hostile.LONG, "x" * most, "😀" * most, "x" * least) if least <= len(text) <= most
    ]
    return st.one_of(*ways, st.sampled_from(texts), _SHORT.filter(lambda text: least <= len(text) <= most))


def _keys(name: str) -> Values:
    if name in ("requests", "limits"):
        return st.sampled_from(
            ("cpu", "memory", "ephemeral-storage", "example.com/gpu", "hugepages-2Mi", "cPu", "", " ")
        )
    return st.sampled_from(("pool", "a.example/b", "kubernetes.io/os", "", " ", "a/b/c", "磁", "x" * 400)) | _SHORT
