"""What releases there are: one list at start, our own writes, and a fresh list before acting."""

from tests.unit import builders, cluster_in_memory, helm_in_memory

from inspect_operator.release import store

WANT = builders.want()


def _secret(release: str, number: int = 1, owner_uid: str = "uid-1", namespace: str = "default") -> builders.Object:
    labels = helm_in_memory.labels(WANT, owner_uid) if owner_uid else {}
    return helm_in_memory.secret(release, number, labels=labels, namespace=namespace)


def _lists(cluster: cluster_in_memory.Cluster) -> int:
    return sum(verb == "list" for verb, _, _ in cluster.requests)


async def test_one_list_at_start_tells_all_releases_of_all_namespaces() -> None:
    cluster = cluster_in_memory.Cluster(_secret("a"), _secret("a", 2), _secret("b", namespace="x"), _secret("c", 1, ""))
    seen = store.Store(cluster)
    await seen.prime(())
    assert _lists(cluster) == 1
    assert {name: one.newest.number for name, one in seen.seen("default", "uid-1", ()).items()} == {"a": 2}
    assert set(seen.seen("x", "uid-1", ())) == {"b"}
    assert not [request for request in cluster.requests if request[0] == "get"]


async def test_a_limited_view_costs_one_list_a_namespace() -> None:
    cluster = cluster_in_memory.Cluster(_secret("a"), _secret("b", namespace="x"), _secret("c", namespace="y"))
    seen = store.Store(cluster)
    await seen.prime(("default", "x"))
    assert _lists(cluster) == 2
    assert (set(seen.seen("x", "uid-1", ())), set(seen.seen("y", "uid-1", ()))) == ({"b"}, set())


async def test_deployed_runs_are_told_by_their_config_maps_name() -> None:
    cluster = cluster_in_memory.Cluster(_secret("night--disk"), helm_in_memory.secret(
        "night--failed", 1, "failed", labels=helm_in_memory.labels(WANT)
    ))  # fmt: skip
    seen = store.Store(cluster)
    await seen.prime(())
    assert list(seen.runs()) == [("default", builders.job(WANT))]


async def test_a_release_is_seen_by_its_owner_and_by_its_name() -> None:
    cluster = cluster_in_memory.Cluster(
        _secret("a"), _secret("b", 1, "uid-2"), _secret("c", 1, "uid-2"), _secret("d", 1, "")
    )
    seen = store.Store(cluster)
    assert set(await seen.refresh("default", "uid-1", ("b", "d", "missing"))) == {"a", "b", "d"}
    assert set(seen.seen("default", "uid-1", ("b", "d"))) == {"a", "b", "d"}
    assert set(seen.seen("default", "uid-1", ())) == {"a"}


async def test_a_refresh_forgets_what_is_gone() -> None:
    cluster = cluster_in_memory.Cluster(_secret("a"), _secret("b"), _secret("c", 1, "uid-2"))
    seen = store.Store(cluster)
    await seen.prime(())
    del cluster.objects[("Secret", "default", "sh.helm.release.v1.a.v1")]
    assert set(await seen.refresh("default", "uid-1", ())) == {"b"}
    assert set(seen.seen("default", "uid-1", ("a",))) == {"b"}
    assert set(seen.seen("default", "uid-2", ())) == {"c"}, "that of another owner was not asked for"


async def test_many_names_are_asked_for_in_portions() -> None:
    names = [f"night--{number:03d}" for number in range(100)]
    cluster = cluster_in_memory.Cluster(*(_secret(name, 1, "uid-2") for name in names))
    seen = store.Store(cluster)
    assert set(await seen.refresh("default", "uid-1", names)) == set(names)
    selectors = [asked for _, _, asked in cluster.requests]
    assert len(selectors) == 3
    assert max(map(len, selectors)) < 4096


async def test_reread_sees_what_helm_left() -> None:
    cluster = cluster_in_memory.Cluster(_secret("a"))
    seen = store.Store(cluster)
    found = await seen.reread("default", "a")
    assert found is not None
    assert found == seen.seen("default", "uid-1", ())["a"]
    cluster.put(_secret("a", 2))
    assert (await seen.reread("default", "a") or found).newest.number == 2
    cluster.objects.clear()
    assert await seen.reread("default", "a") is None
    assert seen.seen("default", "uid-1", ("a",)) == {}


async def test_what_belonged_to_an_owner_that_is_gone_is_forgotten() -> None:
    cluster = cluster_in_memory.Cluster(_secret("a"), _secret("b", 1, "uid-2"), _secret("c", namespace="x"))
    seen = store.Store(cluster)
    await seen.prime(())
    seen.forget("default", "uid-1")
    assert seen.seen("default", "uid-1", ("a",)) == {}
    assert set(seen.seen("default", "uid-2", ())) == {"b"}
    assert set(seen.seen("x", "uid-1", ())) == {"c"}
