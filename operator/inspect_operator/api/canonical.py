"""From either spelling of a task to the one canonical form; here is every rule that the schema can't express."""

from collections.abc import Mapping
from typing import Any

import pydantic

from inspect_operator import errors
from inspect_operator.api import characters, fields, group, hosts, inspect, notifications, original, task
from inspect_operator.api import check as checks
from inspect_operator.api import template as templates
from inspect_operator.runner import stream

DEFAULT_TIMEOUT_SECONDS = 600
#: The original's "all" means all: also the nodes that nothing else is scheduled on.
_EVERY_NODE = task.Nodes(tolerations=({"operator": "Exists"},))
#: What the spec says of pods in general would keep those off that are meant for a node.
_ANYWHERE: dict[str, Any] = {"node_selector": (), "tolerations": ()}

Checks = Mapping[str, checks.Check]
Templates = Mapping[str, templates.Template]
_NONE: Templates = {}
#: What stands in manifests as it was written, and may be any text; on the spec as well, and on a task only.
_SENT_OF_ALL = {"timeZone", "resources", "nodeSelector"}
_SENT = {"image", "args", "env", "envFrom", "results"}


def read(body: dict[str, Any], known: Checks, folders: Templates = _NONE) -> task.Inspection:
    """The canonical form of an Inspect object; `known` are the checks, `folders` the runners, by name.

    :raises errors.SpecInvalid: names the field and what to do
    :raises errors.TemplateFailed: the parameters of a runner's templates have no usable schema
    """
    try:
        written = inspect.parse(body)
    except pydantic.ValidationError as error:
        raise errors.SpecInvalid(_explain(error)) from None
    except RecursionError:
        raise errors.SpecInvalid("spec: nested too deeply; write it with fewer levels") from None
    characters.refuse("spec", written.spec.model_dump(include=_SENT_OF_ALL, exclude_none=True))
    tasks = tuple(
        _task(written.spec, item, f"spec.tasks[{index}]", known, folders)
        for index, item in enumerate(written.spec.tasks)
    )
    _refuse_repeated(tasks)
    _refuse_large(tasks)
    meta = written.metadata
    request = run_request(body["metadata"])
    owner = task.Owner(meta.namespace, meta.name, meta.uid)
    policies = notifications.policies(written.spec.notifications, {one.name for one in tasks})
    return task.Inspection(owner, meta.generation, tasks, request, policies)


def run_request(metadata: Mapping[str, Any]) -> str:
    """What the annotation by which people ask for a run says."""
    return str((metadata.get("annotations") or {}).get(group.ANNOTATION_RUN_REQUEST) or "").strip()


def _task(
    spec: inspect.InspectSpec, item: inspect.TaskItem, field: str, known: Checks, folders: Templates
) -> task.Task:
    if item.task is not None:
        if beside := sorted(item.model_fields_set - {"task"}):
            raise errors.SpecInvalid(
                f"{field}: the original spelling takes all its fields inside task:, not {beside[0]}"
            )
        return _original(spec, item.task, f"{field}.task", known)
    if item.name is None:
        raise errors.SpecInvalid(f"{field}: give the task a name")
    _refuse_mixed(item, field)
    names = [variable.name for variable in item.env or ()]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise errors.SpecInvalid(f"{field}.env: {', '.join(repeated)} stands there more than once; keep one")
    characters.refuse(field, item.model_dump(include=_SENT | _SENT_OF_ALL, exclude_none=True))
    target = item.target
    made = {
        "name": item.name,
        "script": item.script or "",
        "script_from": _config_map(item.scriptFrom),
        "image": item.image or "",
        "interpreter": _interpreter(item),
        "args": tuple(item.args or ()),
        "env": tuple((variable.name, variable.value) for variable in item.env or ()),
        "env_from": tuple(one.model_dump(exclude_none=True) for one in item.envFrom or ()),
        **_results(item.results),
        "restart": bool(item.restart),
        "service_account": item.serviceAccountName or "",
        "depends_on": tuple(item.dependsOn or ()),
        **_template(item, field, folders),
        **_check(item.check or "", _of_check(item, folders), field, known),
        **_common(spec, item, field),
    }
    if target is not None and target.nodes is not None:
        made["nodes"] = task.Nodes(
            _selector(target.nodes.selector, f"{field}.target.nodes.selector"), _objects(target.nodes.tolerations)
        )
        for name in ("nodeSelector", "tolerations"):
            if getattr(item, name) is not None:
                raise errors.SpecInvalid(f"{field}.{name}: with target.nodes say it there, as selector or tolerations")
        made |= _ANYWHERE
    if target is not None and target.hosts is not None:
        ssh, where = (item.ssh, field) if item.ssh is not None else (spec.ssh, "spec")
        made |= hosts.modern(target.hosts, ssh, field, f"{where}.ssh", made["timeout_seconds"])
    return _fitting(task.Task(kind=_kind(made), **made), field)


def _original(spec: inspect.InspectSpec, written: original.OriginalTask, field: str, known: Checks) -> task.Task:
    if written.type not in ("script", "image"):
        said = f"type: {written.type!r} is unknown" if written.type else "type is missing"
        raise errors.SpecInvalid(f"{field}.{said}; say type: script or type: image")
    script, source, check, image = written.script or "", written.source or "", "", ""
    if written.type == "image":
        script, image = "", source
        if not image:
            raise errors.SpecInvalid(f"{field}.source is missing: name the image to run")
        characters.refuse(f"{field}.source", image)
    elif not script:
        check = source
        if not check:
            raise errors.SpecInvalid(f"{field}: a script task needs script, or source with the name of a script")
        if check not in known:
            raise errors.SpecInvalid(f"{field}.source: no script named {check!r}; there are {', '.join(sorted(known))}")
    location = written.script_location or ""
    if location not in ("", "local", "remote", "all"):
        raise errors.SpecInvalid(f"{field}.script_location: {location!r} is unknown; say local, remote or all")
    made: dict[str, Any] = {
        "name": written.task_name,
        "script": script,
        "image": image,
        "restart": bool(written.restart),
        "original": True,
        "location": location,
        **_check(check, {}, field, known),
        **_common(spec, inspect.Common.model_validate({}), "spec"),
    }
    if written.type == "script" and location == "remote":
        made |= hosts.original_hosts(written.remote_ips or (), spec.ssh, field, made["timeout_seconds"])
    if written.type == "script" and location == "all":
        made |= {"nodes": _EVERY_NODE, **_ANYWHERE}
    return _fitting(task.Task(kind=_kind(made), **made), field)


def _refuse_mixed(item: inspect.TaskItem, field: str) -> None:
    """The schema's own rules once more, for objects that an older CRD let through."""
    content = [name for name in ("script", "scriptFrom", "image", "check") if getattr(item, name) is not None]
    if len(content) > 1 or not (content or item.template):
        raise errors.SpecInvalid(
            f"{field}: a task needs exactly one of script, scriptFrom, image, check, or template alone"
        )
    what = content[0] if content else "template"
    if item.interpreter is not None and what not in ("script", "scriptFrom"):
        raise errors.SpecInvalid(f"{field}.interpreter belongs to script, not to {what}; leave it out")
    if item.parameters is not None and what != "check" and item.template is None:
        raise errors.SpecInvalid(f"{field}.parameters belong to check, not to {what}; leave them out")
    target = item.target
    if target is not None and sum(one is not None for one in (target.pod, target.nodes, target.hosts)) != 1:
        raise errors.SpecInvalid(f"{field}.target is exactly one of pod, nodes, hosts")


def _fitting(made: task.Task, field: str) -> task.Task:
    """:raises errors.SpecInvalid: what runs and where it runs don't go together"""
    if made.hosts and not (made.script or made.script_from or made.check or made.image):
        raise errors.SpecInvalid(
            f"{field}: hosts need a script or check; a template alone takes them by its parameters"
        )
    if made.hosts and made.image:
        raise errors.SpecInvalid(f"{field}: an image runs in a pod, not on hosts; give a script or check")
    if made.hosts and made.service_account:
        raise errors.SpecInvalid(f"{field}.serviceAccountName: a task on hosts has no use for an account; leave it out")
    if made.hosts and made.env_from:
        raise errors.SpecInvalid(f"{field}.envFrom would stay in the pod; on hosts use env, or args")
    if made.hosts and made.profile:
        raise errors.SpecInvalid(f"{field}: a profile is about nodes; a task on hosts can't have one")
    if made.results_file and made.image:
        raise errors.SpecInvalid(f"{field}.results.file: files of an image aren't read; let it print its findings")
    if made.results_file and made.hosts:
        raise errors.SpecInvalid(f"{field}.results.file: files on hosts aren't read; let the script print its findings")
    if made.asks_api and not made.service_account:
        for name in ("env", "env_from", "args"):
            if getattr(made, name):
                written = {"env_from": "envFrom"}.get(name, name)
                raise errors.SpecInvalid(
                    f"{field}.{written}: the check {made.check} runs with rights of its own and takes parameters only; "
                    f"leave {written} out"
                )
    if made.check and made.hosts and made.asks_api:
        raise errors.SpecInvalid(f"{field}: the check {made.check} asks the Kubernetes API; hosts have no access to it")
    if made.time_zone and not made.schedule:
        raise errors.SpecInvalid(f"{field}.timeZone belongs to a schedule; give one, or leave it out")
    if made.schedule and made.depends_on:
        raise errors.SpecInvalid(
            f"{field}.dependsOn: a task with a schedule (its own, or that of the spec) can't wait for others"
        )
    return made


def _kind(made: dict[str, Any]) -> task.Kind:
    if made.get("hosts"):
        return task.Kind.SSH
    if made["image"]:
        return task.Kind.IMAGE
    scripted = made["script"] or made.get("script_from") or made.get("check")
    return task.Kind.SCRIPT if scripted else task.Kind.TEMPLATE


def _template(item: inspect.TaskItem, field: str, folders: Templates) -> dict[str, Any]:
    """What a task that names templates has of them."""
    if not item.template:
        return {}
    template = folders.get(item.template)
    if template is None:
        raise errors.SpecInvalid(
            f"{field}.template: no template named {item.template!r}; there are {', '.join(sorted(folders))}"
        )
    if template.problem:
        raise errors.TemplateFailed(template.problem)
    written = item.parameters or {}
    if item.check is not None:
        written = {name: value for name, value in written.items() if name in template.properties}
    given = templates.parameters(template, written, f"{field}.parameters")
    usual = templates.defaults(template)
    chosen = {name: value for name, value in given.items() if name not in usual or usual[name] != value}
    return {"template": template.name, "template_parameters": given, "template_chosen": chosen}


def _of_check(item: inspect.TaskItem, folders: Templates) -> dict[str, Any]:
    """Beside templates with parameters of their own, a check gets the others."""
    template = folders.get(item.template or "")
    theirs = template.properties if template is not None else {}
    return {name: value for name, value in (item.parameters or {}).items() if name not in theirs}


def _check(name: str, written: Mapping[str, Any], field: str, known: Checks) -> dict[str, Any]:
    """What a task with a check has of it."""
    if not name:
        return {}
    check = known.get(name)
    if check is None:
        raise errors.SpecInvalid(f"{field}.check: no check named {name!r}; there are {', '.join(sorted(known))}")
    given = checks.parameters(check, written, f"{field}.parameters")
    properties: Mapping[str, Any] = check.parameters.get("properties", {})
    defaults = dict(checks.environment({key: one["default"] for key, one in properties.items() if "default" in one}))
    environment = checks.environment(given)
    for variable, value in environment:
        characters.refuse(f"{field}.parameters ({variable})", value)
    return {
        "check": check.name,
        "interpreter": check.interpreter,
        "parameters": environment,
        "chosen": tuple((variable, value) for variable, value in environment if defaults.get(variable) != value),
        "asks_api": check.access is not None,
        "cluster_wide": checks.asks_cluster(check, given),
    }


def _results(written: fields.Results | None) -> dict[str, Any]:
    if written is None:
        return {}
    return {
        "results_format": written.format or stream.Format.AUTO,
        "results_file": written.file or "",
    }


def _interpreter(item: inspect.TaskItem) -> str:
    """Empty where that is what would be taken anyway: naming the default is no change."""
    named = item.interpreter
    if named is fields.Interpreter.BASH and item.script is not None and not item.script.startswith("#!"):
        return ""
    return named.value if named else ""


def _common(spec: inspect.InspectSpec, own: inspect.Common, field: str) -> dict[str, Any]:
    """What a task says itself, else what the spec says for all, else the default."""

    def said(name: str) -> Any:
        value = getattr(own, name)
        return value if value is not None else getattr(spec, name)

    timeout, where = (own.timeout, field) if own.timeout else (spec.timeout, "spec")
    resources = said("resources") or fields.Resources(requests=None, limits=None)
    return {
        "timeout_seconds": fields.seconds(timeout, f"{where}.timeout") if timeout else DEFAULT_TIMEOUT_SECONDS,
        "retries": said("retries") or 0,
        "requests": _quantities(resources.requests),
        "limits": _quantities(resources.limits),
        "schedule": said("schedule") or "",
        # A task's own schedule doesn't need the spec's time zone to be taken away, nor the other way round.
        "time_zone": (said("timeZone") or "") if said("schedule") else (own.timeZone or ""),
        "suspend": bool(own.suspend) or bool(spec.suspend),
        "node_selector": tuple(sorted((said("nodeSelector") or {}).items())),
        "tolerations": _objects(said("tolerations")),
        "image_pull_secrets": tuple(one.name for one in said("imagePullSecrets") or ()),
        "profile": said("profile") or "",
    }


def _config_map(value: fields.ConfigMapValue | None) -> task.KeyRef | None:
    return None if value is None else task.KeyRef("ConfigMap", value.configMapKeyRef.name, value.configMapKeyRef.key)


def _selector(selector: fields.Selector | None, field: str) -> dict[str, Any]:
    for index, one in enumerate((selector.matchExpressions if selector else None) or ()):
        if (one.operator in ("In", "NotIn")) != bool(one.values):
            what = "needs values" if not one.values else "takes no values"
            raise errors.SpecInvalid(f"{field}.matchExpressions[{index}]: {one.operator} {what}")
    return {} if selector is None else selector.model_dump(exclude_none=True)


def _objects(written: list[fields.Toleration] | None) -> task.Objects:
    return tuple(one.model_dump(exclude_none=True) for one in written or ())


def _quantities(written: dict[str, int | str] | None) -> task.Pairs:
    return tuple(sorted((name, str(amount)) for name, amount in (written or {}).items()))


def _refuse_repeated(tasks: tuple[task.Task, ...]) -> None:
    names = [one.name for one in tasks]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise errors.SpecInvalid(f"spec.tasks: task names must be unique; repeated: {', '.join(repeated)}")


def _refuse_large(tasks: tuple[task.Task, ...]) -> None:
    sizes = {one.name: len(one.script.encode("utf-8", "surrogatepass")) for one in tasks}
    for name, size in sizes.items():
        if size > fields.MAX_SCRIPT_BYTES:
            raise errors.SpecInvalid(f"script of task {name!r} has {size} bytes; at most {fields.MAX_SCRIPT_BYTES}")
    if (total := sum(sizes.values())) > fields.MAX_SCRIPTS_BYTES:
        raise errors.SpecInvalid(f"all scripts together have {total} bytes; at most {fields.MAX_SCRIPTS_BYTES}")


def _explain(error: pydantic.ValidationError) -> str:
    """The first complaint, with the field as people write it: spec.tasks[2].script."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ""
    for part in first["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else str(part)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{field}: {first['msg']}{more}"
