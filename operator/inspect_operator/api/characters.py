"""Characters that Helm would change on their way to the cluster: refused where they are written, wherever that is."""

from collections.abc import Iterable, Mapping
from typing import Any

from inspect_operator import errors, yaml_json


def refuse(field: str, written: Any) -> None:
    """Looks at every text in `written`, also at names in maps; `field` is where it stands, such as spec.tasks[0].args.

    :raises errors.SpecInvalid: names the place and the character
    """
    if isinstance(written, str):
        if character := yaml_json.unholdable(written):
            raise errors.SpecInvalid(
                f"{field}: the character {character} can't pass Helm unchanged; leave it out, or put it into the script"
            )
    elif isinstance(written, Mapping):
        for name, value in written.items():
            refuse(field, name)
            refuse(f"{field}.{name}", value)
    elif isinstance(written, Iterable):
        for index, value in enumerate(written):
            refuse(f"{field}[{index}]", value)
