"""What templates see: a contract with everybody who writes some. docs/templates.md is generated from it.

VERSION counts up when a name goes or changes its meaning; a new name is no new version.
"""

from typing import Annotated, Any, TypedDict

VERSION = 1


class Inspect(TypedDict):
    """The Inspect object."""

    name: Annotated[str, "its name"]


class Release(TypedDict):
    """The Helm release of the task."""

    name: Annotated[str, "its name, also that of the account or ConfigMap that a schedule has"]
    namespace: Annotated[str, "the Inspect's namespace; leave it out of objects, Helm puts them there"]


class KeyRef(TypedDict):
    """A key of a ConfigMap."""

    kind: Annotated[str, "ConfigMap"]
    name: Annotated[str, "the ConfigMap's name"]
    key: Annotated[str, "the key in it"]


class SshFile(TypedDict):
    """A Secret or ConfigMap that the SSH runner reads as files."""

    kind: Annotated[str, "Secret or ConfigMap"]
    name: Annotated[str, "its name"]
    path: Annotated[str, "where it has to be mounted"]
    volume: Annotated[str, "a name for the volume"]


class Task(TypedDict):
    """The task as it was written, common settings and defaults applied."""

    name: Annotated[str, "its name as written: free text, not fit for names of objects"]
    kind: Annotated[str, "script, image, ssh (a script on hosts) or template (nothing but templates)"]
    template: Annotated[str, "the folder that the task names, or empty"]
    check: Annotated[str, "name of its check, or empty"]
    script: Annotated[str, "the script, of a check too; empty where it is an image, elsewhere or in base64"]
    script_base64: Annotated[str, "the script in base64, where text can't hold its characters; else empty"]
    script_from: Annotated[KeyRef | None, "where the script is, if in a ConfigMap"]
    image: Annotated[str, "the image to run, or empty"]
    interpreter: Annotated[str, "bash, sh, python3 or auto"]
    args: Annotated[list[str], "arguments, with each dollar doubled as Kubernetes wants it"]
    env: Annotated[list[dict[str, str]], "environment variables as a container has them: name, value"]
    env_from: Annotated[list[dict[str, Any]], "ConfigMaps and Secrets as a container's envFrom has them"]
    results_arguments: Annotated[list[str], "arguments of the runner that say in which form results are written"]
    timeout_seconds: Annotated[int, "how long one run may take"]
    deadline_seconds: Annotated[int, "when Kubernetes may give up on the Job: after every attempt had its timeout"]
    retries: Annotated[int, "how often a failed run is tried again"]
    resources: Annotated[dict[str, dict[str, str]], "requests and limits of the container"]
    schedule: Annotated[str, "cron's five fields, or empty"]
    time_zone: Annotated[str, "time zone of the schedule, or empty"]
    suspend: Annotated[bool, "whether the schedule is suspended"]
    node_selector: Annotated[dict[str, str], "labels of the nodes that the pod may run on"]
    tolerations: Annotated[list[dict[str, Any]], "taints that don't keep the pod off, as a pod has them"]
    image_pull_secrets: Annotated[list[dict[str, str]], "as a pod has them"]
    profile: Annotated[str, "node where the task may have the node's files and processes, else empty"]
    service_account: Annotated[str, "account of the pod, or empty: then no token is mounted"]
    cluster_role: Annotated[str, "what the account may do that the release makes for a check, or empty"]
    hosts_json: Annotated[str, "the SSH runner's file of hosts, or empty"]
    ssh_files: Annotated[list[SshFile], "what the SSH runner has to find mounted"]


class Run(TypedDict):
    """The Job or CronJob that is being rendered; in templates rendered once a release what all of them share."""

    name: Annotated[str, "name of the Job or CronJob; empty in templates rendered once a release"]
    once: Annotated[bool, "a Job; else a CronJob"]
    config_map: Annotated[str, "name for a ConfigMap of these runs: with the run's key where it is done once"]
    script_map: Annotated[str, "the ConfigMap that the script is in"]
    script_folder: Annotated[str, "where that has to be mounted"]
    script: Annotated[str, "path of the script then"]
    optional: Annotated[bool, "whether that ConfigMap may be missing: the runner then says so"]
    target: Annotated[str, "the node, where the task runs on nodes; else empty"]
    affinity: Annotated[dict[str, Any] | None, "to that node, as a pod has it; or none"]


class Settings(TypedDict):
    """What the administrator set."""

    runner_image: Annotated[str, "the image whose entry point is the runner"]
    image_pull_policy: Annotated[str, "Always, IfNotPresent or Never"]


class Context(TypedDict):
    """Everything there is, by its name in templates."""

    contract: Annotated[int, f"the version of this contract: {VERSION}"]
    inspect: Inspect
    release: Release
    task: Task
    run: Run
    parameters: Annotated[dict[str, Any], "the task's parameters for these templates, with the schema's defaults"]
    settings: Settings
    pod: Annotated[dict[str, Any], "what pod.yaml rendered; in job.yaml and cronjob.yaml only"]
