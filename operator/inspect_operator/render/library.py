"""The templates that there are: shipped ones, and a site's in front of them.

A template's name is `file` or `folder/file`. A folder with a pod.yaml is a runner; its other .yaml files are rendered
once a release, but for the schema of its parameters. Everything else is there to be included or imported.
"""

import dataclasses
import functools
import hashlib
import json
import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import jinja2
import jinja2.meta
import ruamel.yaml

from inspect_operator import errors
from inspect_operator.api import fields, schema
from inspect_operator.api import template as templates
from inspect_operator.render import template

POD, JOB, CRON_JOB = "pod.yaml", "job.yaml", "cronjob.yaml"
SCHEMAS = ("parameters.schema.json", "parameters.schema.yaml")
MAX_BYTES = 256 * 1024
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclasses.dataclass(frozen=True)
class File:
    """One template; `place` says where it comes from, for messages, and is empty for a shipped one."""

    text: str
    place: str = ""


Files = Mapping[str, File]
#: Files of one place, and what is wrong with those that were left out.
Layer = tuple[dict[str, File], list[str]]
NOTHING: Layer = ({}, [])


class Library:
    """Templates by name, as they are at one moment."""

    def __init__(self, files: Files) -> None:
        self.files = dict(files)
        self.texts = {name: file.text for name, file in self.files.items()}
        self.places = {name: file.place for name, file in self.files.items() if file.place}
        self.version = _digest(sorted(self.texts.items()))
        self._used: dict[tuple[str, bool], str] = {}

    @functools.cached_property
    def environment(self) -> jinja2.Environment:
        """To render them in this process, which only those are that we ship."""
        return template.environment(self.texts, self.places)

    @functools.cached_property
    def runners(self) -> dict[str, templates.Template]:
        """The folders that make pods, with the schema of the parameters that each takes."""
        names = sorted(name.partition("/")[0] for name in self.files if name.endswith(f"/{POD}"))
        return {name: self._runner(name) for name in names}

    def once(self, folder: str) -> list[str]:
        """The templates of a runner that are rendered once a release."""
        ours = (name for name in self.files if name.startswith(f"{folder}/") and name.endswith(".yaml"))
        return sorted(name for name in ours if name.partition("/")[2] not in (POD, *SCHEMAS))

    def used(self, folder: str, *, once: bool) -> str:
        """16 hex digits of all that a runner's templates refer to, directly or not; `once`: without a schedule."""
        if (folder, once) not in self._used:
            todo = [*self.once(folder), f"{folder}/{POD}", JOB if once else CRON_JOB]
            seen: dict[str, str | None] = {}
            while todo:
                name = todo.pop()
                if name not in seen:
                    seen[name] = self.texts.get(name)
                    todo += self._references(name)
            self._used[folder, once] = _digest(sorted(seen.items()))
        return self._used[folder, once]

    def _references(self, name: str) -> Iterable[str]:
        """What a template includes, imports or extends; everything, where only rendering would tell."""
        if name not in self.texts:
            return ()
        try:
            found = set(jinja2.meta.find_referenced_templates(self.environment.parse(self.texts[name], name)))
        except (jinja2.TemplateError, RecursionError):
            return ()
        return self.texts if None in found else {one for one in found if one}

    def _runner(self, folder: str) -> templates.Template:
        name = next((f"{folder}/{file}" for file in SCHEMAS if f"{folder}/{file}" in self.files), "")
        if not name:
            return templates.Template(folder)
        try:
            written = ruamel.yaml.YAML(typ="safe").load(self.texts[name])
            schema.check(written)
            if not isinstance(written, dict) or written.get("type") != "object":
                raise schema.Unfit("say type: object")
            made = templates.Template(folder, written)
            if not all(isinstance(rule, dict) for rule in made.properties.values()):
                raise schema.Unfit("each of the properties is a mapping with a type")
            for key, value in templates.defaults(made).items():
                for complaint in schema.complaints(made.properties[key], value):
                    raise schema.Unfit(f"properties.{key}.default: {complaint.message}")
        except (ruamel.yaml.error.YAMLError, schema.Unfit, RecursionError) as error:
            return templates.Template(folder, {}, self._problem(name, str(error)))
        return made

    def _problem(self, name: str, words: str) -> str:
        return str(template.failed(self.environment, name, 0, " ".join(words.split())[:300]))


def read(folder: pathlib.Path, place: str = "") -> Layer:
    """The files of a folder and of the folders in it.

    Left out without a word is what Kubernetes (..data) and editors leave in a folder.
    """
    files: dict[str, File] = {}
    wrong: list[str] = []
    if not folder.is_dir():
        return files, wrong
    for path in sorted((*folder.iterdir(), *folder.glob("*/*"))):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part[0] in "._" for part in parts):
            try:
                files["/".join(parts)] = File(path.read_bytes().decode(), place and f"{place}/{'/'.join(parts)}")
            except (OSError, UnicodeDecodeError) as error:
                wrong.append(f"{path}: {error}")
    return files, wrong


def config_map(folder: str, data: Mapping[str, str], place: str) -> Layer:
    """The files of a ConfigMap for one folder (empty: the top)."""
    if folder and not re.fullmatch(fields.FOLDER.strip("^$"), folder):
        return {}, [f"{place}: {folder!r} is no name for a folder: small letters, digits and dashes"]
    before = f"{folder}/" if folder else ""
    return {before + file: File(text, place) for file, text in data.items()}, []


def merged(layers: Iterable[Layer]) -> tuple[Library, list[str]]:
    """One library of several layers, the first of which wins; and what is wrong with what was left out."""
    files: dict[str, File] = {}
    wrong: list[str] = []
    for some, complaints in layers:
        wrong += complaints
        for name, file in some.items():
            file_name = name.rpartition("/")[2]
            if (size := len(file.text.encode("utf-8", "surrogatepass"))) > MAX_BYTES:
                wrong.append(f"{file.place or name}: {name} has {size} bytes; at most {MAX_BYTES}")
            elif not _FILE_NAME.fullmatch(file_name):
                wrong.append(f"{file.place or name}: {file_name!r} is no name for a template")
            else:
                files.setdefault(name, file)
    return Library(files), wrong


def shipped(folder: pathlib.Path) -> dict[str, File]:
    """Our own templates.

    :raises errors.SettingsInvalid: one can't be read
    """
    files, wrong = read(folder)
    if wrong:
        raise errors.SettingsInvalid(wrong[0])
    return files


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
