"""watches.yaml: which kinds are served, each with a chart. Fields as operator-sdk's Helm operator documents them
(sdk.operatorframework.io, "Define Watches"), and two of ours: `template` and `allowedKinds`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic

from inspect_operator import errors
from inspect_operator.api import fields, group

Gvk = tuple[str, str, str]

DEFAULT_PERIOD_SECONDS = 600.0
_PERIOD = re.compile(r"([0-9]+h)?([0-9]+m)?([0-9]+s)?")
_DNS = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"


class Entry(fields.Strict):
    """One kind that is served."""

    group: str = pydantic.Field(max_length=253, pattern=_DNS, description="API group of the kind.")
    version: str = pydantic.Field(max_length=63, pattern=r"^[a-z0-9]+$", description="Its version.")
    kind: str = pydantic.Field(max_length=63, pattern=r"^[A-Z][A-Za-z0-9]*$", description="Its kind.")
    chart: str | None = pydantic.Field(
        None,
        min_length=1,
        description="Folder or .tgz of the chart, seen from the folder of watches.yaml, or oci://…@sha256:….",
    )
    template: str | None = pydantic.Field(
        None, min_length=1, description="In place of a chart: a folder of Jinja templates, found like a chart's."
    )
    watchDependentResources: bool = pydantic.Field(  # noqa: N815
        True, description="Whether what a release holds is watched, and put right as soon as somebody changes it."
    )
    overrideValues: Annotated[dict[str, str], pydantic.Field(max_length=256)] = pydantic.Field(  # noqa: N815
        default_factory=dict, description="Values that win over the object's; $ENV and Go templates are expanded."
    )
    selector: fields.Selector | None = pydantic.Field(None, description="Only objects with these labels are served.")
    reconcilePeriod: str | None = pydantic.Field(  # noqa: N815
        None, max_length=20, description="So often every object is looked at anew, whatever happened: 30s, 10m, 1h."
    )
    maxConcurrentReconciles: int | None = pydantic.Field(  # noqa: N815
        None, ge=1, le=1000, description="How many objects of the kind are worked on at the same time."
    )
    dryRunOption: Literal["server", "client", "none", ""] = pydantic.Field(  # noqa: N815
        "",
        description="server: with every period the chart is rendered anew by the API server's present state (lookup).",
    )
    allowedKinds: Annotated[list[str], pydantic.Field(min_length=1, max_length=256)] | None = pydantic.Field(  # noqa: N815
        None, description="Kinds that a release may hold, such as Deployment; without it all that the chart renders."
    )

    @property
    def gvk(self) -> Gvk:
        """Group, version and kind."""
        return self.group, self.version, self.kind

    @property
    def serves_inspects(self) -> bool:
        """Whether it is our own kind, which is served with or without an entry."""
        return self.group == group.GROUP and self.kind == group.KIND

    @property
    def period_seconds(self) -> float:
        """Seconds between two looks at an object."""
        return period_seconds(self.reconcilePeriod or "") or DEFAULT_PERIOD_SECONDS

    @property
    def label_selector(self) -> str:
        """The selector as the API server takes it in a request."""
        if self.selector is None:
            return ""
        parts = [f"{name}={value}" for name, value in (self.selector.matchLabels or {}).items()]
        for one in self.selector.matchExpressions or ():
            values = f"({','.join(one.values or ())})"
            parts.append(
                {
                    "In": f"{one.key} in {values}",
                    "NotIn": f"{one.key} notin {values}",
                    "Exists": one.key,
                    "DoesNotExist": f"!{one.key}",
                }[one.operator]
            )
        return ",".join(parts)

    def __str__(self) -> str:
        return f"{self.group}/{self.version} {self.kind}"


def read(written: Any, place: str) -> tuple[Entry, ...]:
    """The entries of a parsed watches.yaml; `place` is where it stands, for messages.

    :raises errors.SettingsInvalid: names the entry and the field
    """
    if written is None:
        return ()
    if not isinstance(written, list):
        raise errors.SettingsInvalid(f"{place}: has to be a list of entries, each with group, version, kind and chart")
    entries: dict[Gvk, Entry] = {}
    for number, one in enumerate(written, 1):
        entry = _entry(one, f"{place}, entry {number}{_called(one)}")
        if entry.gvk in entries:
            raise errors.SettingsInvalid(f"{place}, entry {number}: {entry} stands there twice; keep one")
        entries[entry.gvk] = entry
    return tuple(entries.values())


def period_seconds(text: str) -> float:
    """Seconds of 1h2m3s; 0 where nothing is said, or what is no duration."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        return 0.0
    return float(
        sum(int(part[:-1]) * factor for part, factor in zip(found.groups(), (3600, 60, 1), strict=True) if part)
    )


def _entry(written: Any, where: str) -> Entry:
    try:
        entry = Entry.model_validate(written)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "it"
        hint = f"; known are {', '.join(Entry.model_fields)}" if first["type"] == "extra_forbidden" else ""
        if first["type"] == "string_type" and field.startswith("overrideValues"):
            hint = "; put it in quotes"
        raise errors.SettingsInvalid(f"{where}: {field}: {first['msg']}{hint}") from None
    if entry.reconcilePeriod is not None and period_seconds(entry.reconcilePeriod) < 1:
        raise errors.SettingsInvalid(f"{where}: reconcilePeriod: {entry.reconcilePeriod!r}; write 30s, 10m or 1h")
    if entry.serves_inspects:
        if entry.chart or entry.template:
            raise errors.SettingsInvalid(
                f"{where}: chart: Inspects are made by templates; leave chart and template out"
            )
    elif bool(entry.chart) == bool(entry.template):
        raise errors.SettingsInvalid(f"{where}: chart: say where the chart is (or template, but not both)")
    return entry


def _called(written: Any) -> str:
    """How people know the entry, as far as it says."""
    if not isinstance(written, Mapping):
        return ""
    return f" ({'/'.join(str(written.get(word, '?')) for word in ('group', 'version', 'kind'))})"
