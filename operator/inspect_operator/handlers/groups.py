"""Objects by something that they have in common, such as the release that they belong to."""

from collections.abc import Iterable, Iterator
from typing import Any

Object = dict[str, Any]


class Groups:
    """Each object once, by its uid."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], dict[str, Object]] = {}

    def put(self, place: tuple[str, str], body: Object, deleted: bool) -> None:
        """Keeps the object, or forgets it."""
        uid = body["metadata"]["uid"]
        if not deleted:
            self._held.setdefault(place, {})[uid] = body
        elif place in self._held:
            self._held[place].pop(uid, None)
            if not self._held[place]:
                del self._held[place]

    def drop(self, place: tuple[str, str]) -> None:
        """Forgets all that share the place."""
        self._held.pop(place, None)

    def __iter__(self) -> Iterator[tuple[tuple[str, str], Object]]:
        """Everything, with what it is held under."""
        return iter([(place, body) for place, held in self._held.items() for body in held.values()])

    def get(self, place: tuple[str, str]) -> Iterable[Object]:
        """All that share the place."""
        return self._held.get(place, {}).values()
