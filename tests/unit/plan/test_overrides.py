"""overrideValues: their variables, their paths, and that they win."""

import pytest

from inspect_operator import errors
from inspect_operator.plan import overrides


@pytest.mark.parametrize(
    ("text", "made"),
    [("$IMAGE", "repo/web"), ("${IMAGE}:$TAG", "repo/web:"), ("a$IMAGE-b", "arepo/web-b"), ("5$", "5$"), ("$$", "$$")],
)
def test_variables_are_expanded_as_go_does(text: str, made: str) -> None:
    assert overrides.expanded(text, {"IMAGE": "repo/web"}) == made


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ({"image.repository": "r", "image.tag": "1"}, {"image": {"repository": "r", "tag": "1"}}),
        ({"replicas": "3"}, {"replicas": "3"}),
        ({r"labels.example\.com/a": "x"}, {"labels": {"example.com/a": "x"}}),
        ({"hosts[1].name": "b", "hosts[0].name": "a"}, {"hosts": [{"name": "a"}, {"name": "b"}]}),
        ({"args": "{a,b}"}, {"args": ["a", "b"]}),
        ({"args": "{}"}, {"args": []}),
        ({"text": r"a\,b"}, {"text": "a,b"}),
    ],
)
def test_keys_are_paths_as_in_helm_set_string(written: dict[str, str], made: dict[str, object]) -> None:
    assert overrides.tree(written) == made


@pytest.mark.parametrize("key", ["", "a..b", ".a", "a."])
def test_a_key_that_is_no_path_is_named(key: str) -> None:
    with pytest.raises(errors.SettingsInvalid, match="is no path to a value"):
        overrides.tree({key: "x"})


def test_two_keys_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(errors.SettingsInvalid, match="goes through"):
        overrides.tree({"a": "1", "a.b": "2"})


def test_overrides_win_and_the_rest_stays() -> None:
    spec = {"image": {"repository": "evil", "tag": "1"}, "list": [1, 2], "n": None}
    made = overrides.merged(spec, {"image": {"repository": "good"}, "list": ["x"], "n": {"a": "b"}})
    assert made == {"image": {"repository": "good", "tag": "1"}, "list": ["x"], "n": {"a": "b"}}
    assert spec["image"] == {"repository": "evil", "tag": "1"}
