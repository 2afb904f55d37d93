"""Checks, read from disk: the shipped ones and a site's own.

A folder <name>/ holds check.yaml and script.sh or script.py. The folder original/ holds the six scripts of the original
project, which are named by their files; its check.yaml maps each to a line of help. A site may also have plain files.
"""

import pathlib
import re
from collections.abc import Mapping
from typing import Any

import ruamel.yaml

from inspect_operator import errors
from inspect_operator.api import check as checks
from inspect_operator.api import schema as schemas

ORIGINAL = "original"
MAX_SCRIPT_BYTES = 200 * 1024
#: What runs a script, by the ending of its file.
INTERPRETERS = {".sh": "bash", ".py": "python3"}
_FOLDER_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_TEXTS = {"type": "array", "minItems": 1, "items": {"type": "string"}}
#: What a check.yaml may say.
_FORM: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["help"],
    "properties": {
        "help": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\n]*$"},
        "parameters": {
            "type": "object",
            "maxProperties": checks.MAX_PARAMETERS,
            "propertyNames": {"pattern": f"^{checks.NAME.pattern}$"},
            "additionalProperties": {
                "type": "object",
                "required": ["type", "description"],
                "properties": {"type": {"enum": ["string", "integer", "number", "boolean", "array"]}},
            },
        },
        "required": _TEXTS,
        "access": {
            "type": "object",
            "additionalProperties": False,
            "required": ["rules"],
            "properties": {
                "clusterWide": {"type": ["boolean", "string"]},
                "rules": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["apiGroups", "resources", "verbs"],
                        "properties": {"apiGroups": _TEXTS, "resources": _TEXTS, "verbs": _TEXTS},
                    },
                },
            },
        },
    },
}


def load(folder: pathlib.Path) -> dict[str, checks.Check]:
    """The shipped checks by name.

    :raises errors.SettingsInvalid: names the file that is missing or wrong
    """
    found = {path.name: _folder(path) for path in _folders(folder) if path.name != ORIGINAL}
    return dict(sorted((found | _originals(folder / ORIGINAL)).items()))


def site(folder: pathlib.Path, shipped: Mapping[str, checks.Check]) -> dict[str, checks.Check]:
    """A site's own checks: plain .sh and .py files, and folders like ours that ask for no rights in the cluster.

    :raises errors.SettingsInvalid: names the file that is wrong, or whose name is a shipped check's
    """
    found = {}
    for path in _folders(folder):
        found[path.name] = one = _folder(path)
        if one.access is not None:
            raise errors.SettingsInvalid(
                f"{path / 'check.yaml'}: a site's check gets no access; "
                "rights come with the operator's chart alone, or by a ServiceAccount that the task names"
            )
        if path.name in shipped:
            raise errors.SettingsInvalid(f"{path}: {path.name} is the name of a shipped check; choose another one")
    texts = {path.name: _read(path) for path in _entries(folder) if path.suffix in INTERPRETERS and path.is_file()}
    return site_files(texts, {**shipped, **found}, str(folder)) | found


def site_files(texts: Mapping[str, str], taken: Mapping[str, Any], place: str) -> dict[str, checks.Check]:
    """Checks out of file names and their content, such as a ConfigMap's data; other files than .sh and .py don't count.

    Each is found by its file's name, and without the ending too where only one file is called so. `place` is where the
    files are, for messages; `taken` are names that are given already.
    :raises errors.SettingsInvalid: names the file that is wrong, or whose name is taken
    """
    found = {}
    names = [name for name in sorted(texts) if pathlib.PurePath(name).suffix in INTERPRETERS]
    stems = [pathlib.PurePath(name).stem for name in names]
    for name, stem in zip(names, stems, strict=True):
        if not _FILE_NAME.fullmatch(name):
            raise errors.SettingsInvalid(f"{place}: {name!r} is no name for a check: letters, digits, dots, dashes")
        _refuse_large(f"{place}: {name}", texts[name])
        if stem and stems.count(stem) == 1:
            found[stem] = _script(stem, name, texts[name])
        found[name] = _script(name, name, texts[name])
    if again := sorted(set(found) & set(taken)):
        raise errors.SettingsInvalid(f"{place}: {again[0]} is the name of another check; rename the file")
    return found


def _script(name: str, file: str, text: str, about: str = "", schema: Mapping[str, Any] | None = None) -> checks.Check:
    return checks.Check(name, text, about, INTERPRETERS[pathlib.PurePath(file).suffix], schema or {})


def _entries(folder: pathlib.Path) -> list[pathlib.Path]:
    """Without what Kubernetes (..data), editors and Python leave in a folder."""
    try:
        return sorted(path for path in folder.iterdir() if path.name[0] not in "._")
    except OSError as error:
        raise errors.SettingsInvalid(f"{folder}: {error.strerror}") from None


def _folders(folder: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in _entries(folder) if path.is_dir()]


def _folder(folder: pathlib.Path) -> checks.Check:
    file = folder / "check.yaml"
    if not _FOLDER_NAME.fullmatch(folder.name):
        raise errors.SettingsInvalid(f"{folder}: small letters, digits and dashes, at most 40, make a check's name")
    written = _yaml(file)
    _validate(file, written, _FORM)
    properties: dict[str, Any] = written.get("parameters", {})
    schema = {
        "type": "object",
        "properties": properties,
        "required": written.get("required", []),
        "additionalProperties": False,
    }
    _refuse_bad_schema(file, schema)
    scripts = [path for path in (folder / f"script{ending}" for ending in INTERPRETERS) if path.is_file()]
    if len(scripts) != 1:
        raise errors.SettingsInvalid(f"{folder}: a check has exactly one of script.sh, script.py")
    access = None
    if "access" in written:
        access = checks.Access(tuple(written["access"]["rules"]), written["access"].get("clusterWide", False))
        if isinstance(access.cluster_wide, str) and properties.get(access.cluster_wide, {}).get("type") != "boolean":
            raise errors.SettingsInvalid(f"{file}: access.clusterWide: no boolean parameter {access.cluster_wide}")
    interpreter = INTERPRETERS[scripts[0].suffix]
    return checks.Check(folder.name, _read(scripts[0]), written["help"], interpreter, schema, access)


def _originals(folder: pathlib.Path) -> dict[str, checks.Check]:
    if not folder.is_dir():
        return {}
    file = folder / "check.yaml"
    helps = _yaml(file)
    _validate(file, helps, {"type": "object", "additionalProperties": {"type": "string"}})
    scripts = {path.name: path for path in _entries(folder) if path.suffix in INTERPRETERS}
    if odd := sorted(set(helps) ^ set(scripts)):
        raise errors.SettingsInvalid(f"{file}: {odd[0]} has no line of help there, or no script beside it")
    none = {"type": "object", "properties": {}, "additionalProperties": False}
    return {name: _script(name, name, _read(path), helps[name], none) for name, path in scripts.items()}


def _yaml(file: pathlib.Path) -> Any:
    try:
        return ruamel.yaml.YAML(typ="safe").load(_read(file))
    except ruamel.yaml.error.YAMLError as error:
        raise errors.SettingsInvalid(f"{file}: no YAML: {' '.join(str(error).split())}") from None


def _read(file: pathlib.Path) -> str:
    try:
        text = file.read_bytes().decode("utf-8")
    except OSError as error:
        raise errors.SettingsInvalid(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise errors.SettingsInvalid(f"{file}: not UTF-8") from None
    _refuse_large(str(file), text)
    return text


def _refuse_large(what: str, text: str) -> None:
    if (size := len(text.encode("utf-8", "surrogatepass"))) > MAX_SCRIPT_BYTES:
        raise errors.SettingsInvalid(f"{what}: {size} bytes; at most {MAX_SCRIPT_BYTES}")


def _validate(file: pathlib.Path, written: Any, form: Mapping[str, Any], what: str = "") -> None:
    for error in schemas.complaints(form, written):
        place = ".".join(map(str, error.path))
        raise errors.SettingsInvalid(f"{file}: {what}{place + ': ' if place else ''}{error.message[:300]}")


def _refuse_bad_schema(file: pathlib.Path, schema: Mapping[str, Any]) -> None:
    """A schema that jsonschema takes, of kinds that fit into an environment, with defaults that pass it."""
    try:
        schemas.check(schema)
    except schemas.Unfit as error:
        words = str(error)[:300]
        place = "parameters." if words.startswith("properties.") else "parameters: "
        raise errors.SettingsInvalid(f"{file}: {place}{words.removeprefix('properties.')}") from None
    for name, rule in schema["properties"].items():
        if rule["type"] == "array" and rule.get("items", {}).get("type") not in ("string", "integer", "number"):
            raise errors.SettingsInvalid(f"{file}: parameters.{name}: say what the list holds, such as items: string")
        if "default" in rule:
            _validate(file, rule["default"], rule, f"parameters.{name}: its default: ")
    if unknown := sorted(set(schema["required"]) - set(schema["properties"])):
        raise errors.SettingsInvalid(f"{file}: required: there is no parameter {unknown[0]}")
