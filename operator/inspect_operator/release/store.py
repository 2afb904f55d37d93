"""What releases there are: one metadata list at start, then our own writes, and a fresh list before acting."""

from collections.abc import Collection, Iterable, Iterator

from inspect_operator.api import group
from inspect_operator.cluster import client, resources
from inspect_operator.plan import naming, observed
from inspect_operator.release import stored

_NAMES_A_REQUEST = 50  # keeps the URL under 4 KiB


class Store:
    """Releases as last seen, by namespace and name. A decision may be taken from here; before acting, refresh.
    `owner_label` on Helm's Secret names the owner's uid: releases without it are somebody else's."""

    def __init__(self, cluster: client.Cluster, owner_label: str = group.LABEL_OWNER_UID) -> None:
        self._cluster = cluster
        self._owner_label = owner_label
        self._seen: dict[tuple[str, str], observed.Release] = {}

    async def prime(self, namespaces: Collection[str]) -> None:
        """Reads all our releases with one request (one a namespace where the operator's view is limited)."""
        for namespace in namespaces or ("",):
            secrets = await self._cluster.list(resources.SECRETS, namespace, selector=f"owner=helm,{self._owner_label}")
            by_namespace: dict[str, list[client.Object]] = {}
            for secret in secrets:
                by_namespace.setdefault(secret["metadata"]["namespace"], []).append(secret)
            for name, found in by_namespace.items():
                self._seen.update({(name, one.name): one for one in stored.releases(found, self._owner_label).values()})

    def runs(self) -> Iterator[tuple[str, str]]:
        """Namespace and name of the ConfigMap of every deployed run."""
        for (namespace, name), release in self._seen.items():
            if release.newest.status is observed.Status.DEPLOYED and release.newest.run_key:
                yield namespace, naming.run_name(name, release.newest.run_key)

    def seen(self, namespace: str, owner_uid: str, names: Collection[str]) -> dict[str, observed.Release]:
        """Releases of the owner, and those under one of `names` whoever owns them."""
        return {
            name: release
            for (where, name), release in self._seen.items()
            if where == namespace and (name in names or release.newest.owner_uid == owner_uid)
        }

    async def refresh(
        self, namespace: str, owner_uid: str, names: Collection[str], *, owns_none: bool = False
    ) -> dict[str, observed.Release]:
        """The same, read from the cluster now: by owner, unless it can own none yet, and by name."""
        selectors = [] if owns_none else [f"owner=helm,{self._owner_label}={owner_uid}"]
        ordered = sorted(names)
        for start in range(0, len(ordered), _NAMES_A_REQUEST):
            selectors.append(f"owner=helm,name in ({','.join(ordered[start : start + _NAMES_A_REQUEST])})")
        secrets: dict[str, client.Object] = {}
        for selector in selectors:
            found = await self._cluster.list(resources.SECRETS, namespace, selector=selector)
            secrets.update({secret["metadata"]["name"]: secret for secret in found})
        # A revision that is no longer in the list is gone; so is a release without any.
        for name in self.seen(namespace, owner_uid, names):
            del self._seen[(namespace, name)]
        releases = stored.releases(secrets.values(), self._owner_label)
        self._seen.update({(namespace, name): release for name, release in releases.items()})
        return releases

    def forget(self, namespace: str, owner_uid: str) -> None:
        """The owner is gone, and its releases with it."""
        for name in self.seen(namespace, owner_uid, ()):
            del self._seen[(namespace, name)]

    async def reread(self, namespace: str, name: str) -> observed.Release | None:
        """One release, read now: what a write of Helm's really left behind."""
        found = await self._cluster.list(resources.SECRETS, namespace, selector=f"owner=helm,name={name}")
        return self.take(namespace, name, found)

    def take(self, namespace: str, name: str, secrets: Iterable[client.Object]) -> observed.Release | None:
        """The same from all Secrets of the release, which the API server told of just now."""
        release = stored.releases(secrets, self._owner_label).get(name)
        if release is None:
            self._seen.pop((namespace, name), None)
        else:
            self._seen[(namespace, name)] = release
        return release
