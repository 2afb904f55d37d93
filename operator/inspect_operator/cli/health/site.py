"""Are the site's own templates and checks, in ConfigMaps beside the operators, such as can be used?"""

from inspect_operator import errors
from inspect_operator import settings as settings_module
from inspect_operator.api import group
from inspect_operator.cli.health import place as places
from inspect_operator.cli.health.finding import Finding, Level
from inspect_operator.cluster import resources
from inspect_operator.render import checks, library, lint


async def look(place: places.Place) -> list[Finding]:
    """As the operator reads them, and what `lint` says of them."""
    if not place.seen:
        return []
    found: list[Finding] = []
    number = 0
    for namespace in dict.fromkeys(one.namespace for one in place.operators):
        templates = await place.cluster.list(
            resources.CONFIG_MAPS, namespace, selector=group.LABEL_TEMPLATES, full=True
        )
        own_checks = await place.cluster.list(resources.CONFIG_MAPS, namespace, selector=group.SITE_CHECKS, full=True)
        number += len(templates) + len(own_checks)
        found += _templates(namespace, templates)
        found += _checks(namespace, own_checks)
    return found or [Finding(Level.OK, f"no mistake in {number} ConfigMaps with templates or checks of the site")]


def _templates(namespace: str, maps: list[places.Object]) -> list[Finding]:
    layers = []
    for one in sorted(maps, key=lambda each: str(each["metadata"]["name"])):
        name = one["metadata"]["name"]
        folder = (one["metadata"].get("labels") or {}).get(group.LABEL_TEMPLATES, "")
        layers.append(library.config_map(folder, one.get("data") or {}, f"ConfigMap {namespace}/{name}"))
    made, wrong = library.merged([*layers, (library.shipped(settings_module.data_folder("templates")), [])])
    found = [
        Finding(Level.ERROR, "a template of the site was left out", words, _edit(namespace, words)) for words in wrong
    ]
    for mistake in lint.mistakes(made, made.places):
        where = made.places.get(mistake.template, mistake.template)
        line = f", line {mistake.line}" if mistake.line else ""
        words = f"template {mistake.template} of the site: {mistake.message}"
        found.append(Finding(Level.ERROR, words, f"{where}{line} ({mistake.rule})", _edit(namespace, where)))
    return found


def _checks(namespace: str, maps: list[places.Object]) -> list[Finding]:
    shipped = checks.load(settings_module.data_folder("checks"))
    found = []
    for one in maps:
        where = f"ConfigMap {namespace}/{one['metadata']['name']}"
        try:
            checks.site_files(one.get("data") or {}, shipped, where)
        except errors.SettingsInvalid as error:
            found.append(Finding(Level.ERROR, "checks of the site were left out", str(error), _edit(namespace, where)))
    return found


def _edit(namespace: str, words: str) -> str:
    """`words` may name the ConfigMap."""
    _, _, rest = words.partition(f"ConfigMap {namespace}/")
    name = rest.replace(":", " ").replace(",", " ").split(" ")[0] if rest else ""
    return (
        f"kubectl edit configmap {name} -n {namespace}"
        if name
        else f"kubectl get configmaps -n {namespace} -l {group.LABEL_TEMPLATES}"
    )
