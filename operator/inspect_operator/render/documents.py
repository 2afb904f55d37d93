"""Rendered text → objects.

YAML is read by version 1.1 rules, as Helm and kubectl read it (`yes` is a boolean, `0555` is octal).
"""

import datetime
import math
import warnings
from typing import Any

import ruamel.yaml
from ruamel.yaml import error as yaml_error

from inspect_operator import errors

# 1e3 is a number for Helm too; no need to tell on standard error that YAML 1.1 wanted 1.0e3.
warnings.simplefilter("ignore", yaml_error.MantissaNoDotYAML1_1Warning)

Object = dict[str, Any]


def objects(template: str, text: str) -> list[Object]:
    """The objects in one rendered file; empty documents are passed over.

    :raises errors.TemplateFailed: it is no YAML, or no object
    """
    found = mappings(template, text)
    if not all(isinstance(document.get("metadata"), dict) for document in found):
        raise errors.TemplateFailed(f"template {template} rendered something that is no Kubernetes object")
    return found


def mappings(template: str, text: str, version: tuple[int, int] = (1, 1)) -> list[Object]:
    """The mappings in one rendered file, by the rules of that version of YAML.

    :raises errors.TemplateFailed: it is no YAML, or something else stands there
    """
    yaml = ruamel.yaml.YAML(typ="safe", pure=version != (1, 1))  # the fast parser, in C, knows 1.1 alone
    yaml.version = version
    try:
        found = [document for document in yaml.load_all(text) if document is not None]
    except yaml_error.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1} of what it rendered)" if mark else ""
        raise errors.TemplateFailed(f"template {template} rendered no YAML{line}: {error}") from None
    for document in found:
        if not isinstance(document, dict):
            raise errors.TemplateFailed(f"template {template} rendered something that is no Kubernetes object")
        if unfit := _unfit(document):
            raise errors.TemplateFailed(f"template {template}: {unfit} in YAML; put it in quotes")
    return found


def _unfit(node: Any) -> str:
    """What is wrong with the first value that JSON has no word for, such as a date; empty where there is none."""
    if isinstance(node, dict):
        if keys := [key for key in node if not isinstance(key, str)]:
            return f"{keys[0]} is a key but no text"
        children = list(node.values())
    elif isinstance(node, list):
        children = node
    elif node is None or isinstance(node, str | int) or (isinstance(node, float) and math.isfinite(node)):
        return ""
    else:
        return f"{node} is a {'date' if isinstance(node, datetime.date) else type(node).__name__}"
    return next((found for child in children if (found := _unfit(child))), "")
