"""From an inspection to the releases it wants, and to the runs that have to wait."""

import dataclasses
import sys
from collections.abc import Mapping

from inspect_operator import errors, settings
from inspect_operator.api import task as tasks
from inspect_operator.plan import dependencies, naming, observed, runkey
from inspect_operator.plan import nodes as plan_nodes
from inspect_operator.plan import trigger as triggers

NO_NODES = "NoNodes"
_QUEUED = "waits until fewer runs are active (the operator's settings limit how many may be at once)"


@dataclasses.dataclass(frozen=True)
class Member:
    """One place where a task runs: a node, or the only pod (`target` is empty). `name` is that of the Job."""

    target: str
    name: str


@dataclasses.dataclass(frozen=True)
class Aside:
    """A run that isn't there (yet), and why. `skipped`: nothing is expected to change that by itself."""

    target: str
    skipped: bool
    reason: str
    message: str


@dataclasses.dataclass(frozen=True)
class Desired:
    """One release that should exist, and the runs it stands for.

    `jobs` are runs that are done once, of which `made` exist or have ended; `crons` are CronJobs. `asides` are places
    without either. `held`: the release stays as it is (or isn't there) until the reason is gone. `refused`: the task
    asks for what it can't have. `waiting`: something here waits for runs to end. `requested`: the request for a run
    that is about to be accepted. `firing`: CronJobs are there although the task has no schedule any more. `templates`:
    those it would be rendered from now.
    """

    task: tasks.Task
    release: str
    run_key: str
    trigger: str
    digest: str
    jobs: tuple[Member, ...] = ()
    crons: tuple[Member, ...] = ()
    asides: tuple[Aside, ...] = ()
    made: frozenset[str] = frozenset()
    held: Aside | None = None
    refused: errors.InspectError | None = None
    waiting: bool = False
    requested: str = ""
    firing: bool = False
    templates: str = ""

    @property
    def files(self) -> str:
        """Name of the ConfigMap of the runs that are done once."""
        return naming.run_name(self.release, self.run_key)

    @property
    def objects(self) -> frozenset[tuple[str, str]]:
        """What a release holds beside its Jobs, by kind and name, if its templates are the shipped ones. What a runner
        of the site makes, nobody knows here: of a schedule it is compared with what was rendered."""
        task = self.task
        names = set()
        if (task.script or task.check or task.hosts) and not task.template:
            names |= {("ConfigMap", self.files)} if self.jobs else set()
            names |= {("ConfigMap", self.release)} if self.crons else set()
        if task.own_account:
            names |= {("ServiceAccount", self.release), ("RoleBinding", self.release)}
        return frozenset(names | {("CronJob", member.name) for member in self.crons})

    @property
    def starting(self) -> tuple[str, ...]:
        """Names of the Jobs that are to be made now."""
        if self.held or self.refused:
            return ()
        return tuple(member.name for member in self.jobs if member.name not in self.made)


@dataclasses.dataclass(frozen=True)
class Ended:
    """The last result of a task, and of which run it is; `verdict` is empty while it goes on."""

    run_key: str
    verdict: str


@dataclasses.dataclass(frozen=True)
class Facts:
    """What else decides what should exist, all of it by release or task name.

    `made`: Jobs and CronJobs that exist, or whose end is known. `active`: releases with a run that goes on. `results`:
    of tasks. `free`: how many more Jobs may be active. `sees_nodes`: whether the operator may. `profiles`: those that
    are allowed in the namespace. `denied`: tasks whose account was taken back. `crons`: releases that
    hold CronJobs. `requested`: of tasks, the request that their row tells of. `noted`: the
    request that was noted last.
    """

    nodes: tuple[plan_nodes.Node, ...] = ()
    sees_nodes: bool = True
    made: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    active: frozenset[str] = frozenset()
    results: Mapping[str, Ended] = dataclasses.field(default_factory=dict)
    free: int = sys.maxsize
    profiles: frozenset[str] = frozenset()
    denied: Mapping[str, errors.InspectError] = dataclasses.field(default_factory=dict)
    crons: frozenset[str] = frozenset()
    requested: Mapping[str, str] = dataclasses.field(default_factory=dict)
    noted: str = ""


def releases(inspection: tasks.Inspection, found: Mapping[str, observed.Release], facts: Facts) -> tuple[Desired, ...]:
    """What should exist, one release a task, in the order of the tasks.

    :raises errors.SpecInvalid: two tasks would share a release, tasks wait for each other, an unknown one is asked for
    """
    dependencies.check(inspection)
    known_request = {
        triggers.parse(release.newest.trigger).request
        for release in found.values()
        if release.newest.owner_uid == inspection.owner.uid
    }
    request = triggers.request(inspection, known_request | {facts.noted})
    begun: dict[str, _Begun] = {}
    taken: dict[str, str] = {}
    for task in inspection.tasks:
        name = naming.release_name(inspection.owner.name, task.name)
        if name in taken:
            raise errors.SpecInvalid(
                f"spec.tasks: {taken[name]!r} and {task.name!r} both become release {name}; rename one"
            )
        taken[name] = task.name
        token = request.of(task)
        begun[task.name] = _begin(
            inspection, task, name, found.get(name), facts, token,
            # What others have accepted isn't meant for a task that was added later; its row knows nothing of it.
            elsewhere=token in known_request and facts.requested.get(task.name) != token,
        )  # fmt: skip
    made: dict[str, Desired] = {}
    free = facts.free
    for task in _in_order(inspection):
        want = _want(begun[task.name], made, facts, free)
        free -= len(want.starting)
        made[task.name] = want
    return tuple(made[task.name] for task in inspection.tasks)


@dataclasses.dataclass(frozen=True)
class _Begun:
    """A task with its run key: `new` is a run that no revision holds yet, `asked` one that was asked for."""

    task: tasks.Task
    release: str
    run_key: str
    trigger: triggers.Trigger
    calm: triggers.Trigger  # the same without the run that was asked for
    new: bool
    asked: bool
    deferred: bool  # a run was asked for and waits for the one that goes on
    installed: bool
    requested: str  # which request it is about to accept


def _begin(
    inspection: tasks.Inspection,
    task: tasks.Task,
    name: str,
    release: observed.Release | None,
    facts: Facts,
    token: str,
    *,
    elsewhere: bool,
) -> _Begun:
    stored = None
    if release is not None:
        stored = triggers.parse(release.newest.trigger)
        if task.restart and release.newest.owner_uid != inspection.owner.uid:
            stored = None  # generations of another owner don't compare with ours
    trigger = triggers.accepted(task, inspection.generation, token, stored, elsewhere=elsewhere)
    before = stored or triggers.Trigger()
    asked = trigger.now != before.now if task.schedule else (
        trigger.request != before.request and not (stored is None and elsewhere)
    )  # fmt: skip
    calm = dataclasses.replace(trigger, request=before.request, now=before.now)
    if task.schedule:
        calm = dataclasses.replace(calm, generation=before.generation)
    deferred = False
    if asked and release is not None and name in facts.active and runkey.run_key(task, calm) == release.newest.run_key:
        trigger, asked, deferred = calm, False, True
    key = runkey.run_key(task, trigger)
    new = release is None or release.newest.run_key != key
    if task.schedule and new and not asked and trigger.now:
        # A run that was asked for once, of something else: the schedule's next one is soon enough.
        trigger = dataclasses.replace(trigger, now="")
        key = runkey.run_key(task, trigger)
        new = release is None or release.newest.run_key != key
    requested = token if asked or deferred else ""
    return _Begun(task, name, key, trigger, calm, new, asked, deferred, release is not None, requested)


def _in_order(inspection: tasks.Inspection) -> list[tasks.Task]:
    """Tasks after those that they wait for, else as written."""
    named = {task.name: task for task in inspection.tasks}
    ordered: dict[str, tasks.Task] = {}

    def put(task: tasks.Task) -> None:
        for other in task.depends_on:
            if other not in ordered:
                put(named[other])
        ordered[task.name] = task

    for task in inspection.tasks:
        if task.name not in ordered:
            put(task)
    return list(ordered.values())


def _want(begun: _Begun, others: Mapping[str, Desired], facts: Facts, free: int) -> Desired:
    task = begun.task
    # Without a slot a schedule stands all the same, and beside it what ran before: as if nothing were asked for yet.
    queued = bool(task.schedule) and begun.new and begun.asked and free < 1
    trigger = begun.calm if queued else begun.trigger
    want = Desired(
        task, begun.release, runkey.run_key(task, trigger), str(trigger), "",
        made=facts.made.get(begun.release, frozenset()), waiting=begun.deferred,
        requested=begun.requested, firing=not task.schedule and begun.release in facts.crons,
    )  # fmt: skip
    if task.name in facts.denied:
        return dataclasses.replace(want, refused=facts.denied[task.name])
    if task.profile and task.profile not in settings.PROFILES:
        return dataclasses.replace(want, refused=errors.NotAllowed(
            f"task {task.name!r}: there is no profile {task.profile!r}; there is {', '.join(settings.PROFILES)}"
        ))  # fmt: skip
    if task.profile and task.profile not in facts.profiles:
        return dataclasses.replace(want, refused=errors.NotAllowed(
            f"task {task.name!r}: profile {task.profile!r} is not allowed in this namespace; "
            f"an administrator allows it in the operator's settings (profiles.{task.profile})"
        ))  # fmt: skip
    if task.nodes is not None:
        want = _on_nodes(want, task.nodes, facts)
        if want.refused:
            return want
    else:
        job = Member("", naming.run_name(begun.release, want.run_key))
        want = dataclasses.replace(want, jobs=(job,), crons=(Member("", begun.release),))
    if task.schedule:
        want = _scheduled(want, begun, free, queued=queued)
    else:
        want = _once(dataclasses.replace(want, crons=()), begun, others, facts, free)
    jobs = [member.name for member in want.jobs] if task.nodes is not None else ()
    return dataclasses.replace(want, digest=runkey.digest(want.run_key, jobs))


def _on_nodes(want: Desired, wanted: tasks.Nodes, facts: Facts) -> Desired:
    """One member a node. A node that can't take a pod now is skipped; what was made for it before stays,
    unless it isn't chosen any more."""
    if not facts.sees_nodes:
        words = "the operator may not see nodes; its chart gives it that right"
        return dataclasses.replace(want, refused=errors.ClusterForbidden(f"task {want.task.name!r}: {words}"))
    chosen = plan_nodes.members(facts.nodes, wanted)
    if len(chosen.fitting) > plan_nodes.MAX_NODES:
        return dataclasses.replace(want, refused=errors.TooManyNodes(
            f"task {want.task.name!r}: {len(chosen.fitting)} nodes fit, at most {plan_nodes.MAX_NODES} may; "
            "narrow target.nodes.selector"
        ))  # fmt: skip
    fitting = {node.name for node in chosen.fitting}
    jobs, crons, asides = [], [], []
    for node in facts.nodes:
        name = naming.member_name(want.release, node.name)
        cron = Member(node.name, name)
        job = Member(node.name, naming.run_name(name, runkey.member_key(want.run_key, node.name)))
        usable = node.name in fitting and node.ready and not node.cordoned
        kept = [
            member
            for member in (job, cron)
            if usable or (member.name in want.made and plan_nodes.selects(wanted.selector, node.labels))
        ]
        jobs += [member for member in kept if member is job]
        crons += [member for member in kept if member is cron]
        if node.name in fitting and (cron if want.task.schedule else job) not in kept:
            reason, words = ("NodeNotReady", "is not Ready; it is inspected once it is")
            if node.cordoned:
                reason, words = ("NodeCordoned", "is cordoned (unschedulable); it is inspected once it is not")
            asides.append(Aside(node.name, True, reason, f"node {node.name} {words}"))
    return dataclasses.replace(want, jobs=tuple(jobs), crons=tuple(crons), asides=tuple(asides))


def _scheduled(want: Desired, begun: _Begun, free: int, *, queued: bool) -> Desired:
    """CronJobs, and beside them the Jobs of a run that was asked for."""
    if queued:
        jobs = tuple(member for member in want.jobs if member.name in want.made)
        aside = Aside("", False, "Queued", _QUEUED)
        return dataclasses.replace(want, jobs=jobs, asides=(*want.asides, aside), waiting=True)
    if not begun.trigger.now:
        return dataclasses.replace(want, jobs=())
    return _with_slots(want, begun, free)


def _once(want: Desired, begun: _Begun, others: Mapping[str, Desired], facts: Facts, free: int) -> Desired:
    if begun.new:
        for name in want.task.depends_on:
            if aside := _waits_for(others[name], facts.results.get(name)):
                return dataclasses.replace(want, held=aside, waiting=True)
        if want.task.suspend and not begun.asked:
            return dataclasses.replace(want, held=Aside("", False, "Suspended", "suspended before its run began"))
    if not want.jobs and not begun.installed:
        aside = Aside("", True, NO_NODES, "no node fits that is Ready" if want.asides else "no node fits")
        return dataclasses.replace(want, held=aside)
    return _with_slots(want, begun, free)


def _waits_for(other: Desired, result: Ended | None) -> Aside | None:
    """Why a task that depends on `other` doesn't start; None where it may."""
    name = other.task.name
    if other.refused or (other.held and other.held.skipped):
        return Aside("", True, "DependencyFailed", f"task {name!r} did not run, and this one waits for its success")
    verdict = result.verdict if result is not None and result.run_key == other.run_key and not other.held else ""
    if not verdict:
        return Aside("", False, "Dependency", f"waits for task {name!r}")
    if verdict == "success":
        return None
    return Aside("", True, "DependencyFailed", f"task {name!r} ended in {verdict}, and this one waits for its success")


def _with_slots(want: Desired, begun: _Begun, free: int) -> Desired:
    """As many new Jobs as may be active; the others wait."""
    late = [member for member in want.jobs if member.name not in want.made][max(0, free) :]
    if not late or (want.task.nodes is None and not begun.new):
        return want
    names = {member.name for member in late}
    jobs = tuple(member for member in want.jobs if member.name not in names)
    if not want.task.schedule and (want.task.nodes is None or not (jobs or begun.installed)):
        return dataclasses.replace(want, held=Aside("", False, "Queued", _QUEUED), waiting=True)
    asides = tuple(Aside(member.target, False, "Queued", _QUEUED) for member in late)
    return dataclasses.replace(want, jobs=jobs, asides=want.asides + asides, waiting=True)
