"""The names this project has in Kubernetes: API group, kind, labels and annotations."""

GROUP = "api.practice.com"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "Inspect"
PLURAL = "inspects"

FINALIZER = f"{GROUP}/uninstall-releases"
FIELD_MANAGER = "inspect-operator"

# On every object that a release creates.
TASK_TYPE = {"taskType": "inspect"}
LABEL_APP = "app"
LABEL_INSPECT = f"{GROUP}/inspect"  # the Inspect's name, shortened where it is no label value
LABEL_INSTANCE = "app.kubernetes.io/instance"  # the release
ANNOTATION_TASK = f"{GROUP}/task"  # the task's name as written
ANNOTATION_TARGET = f"{GROUP}/target"  # the node, where a task has one Job for each
# On the ConfigMap with the full report of a task. It is no object of the release: it has no TASK_TYPE, and stays when
# the release goes.
LABEL_REPORT = f"{GROUP}/report"

# On the Inspect: a run now, of all tasks or of those named; see plan/trigger.py.
ANNOTATION_RUN_REQUEST = f"{GROUP}/run-requested-at"
# Selects ConfigMaps in the operator's namespace whose files are checks of the site.
SITE_CHECKS = f"{GROUP}/inspect-checks=site"
# On a ConfigMap there whose files are templates of the site: the folder they are in, empty for the top.
LABEL_TEMPLATES = f"{GROUP}/inspect-templates"
# On a ServiceAccount: tasks in its namespace may name it.
LABEL_TASKS = f"{GROUP}/inspect-tasks"
TASKS_ALLOWED = "allowed"
CHECKS_ALLOWED = "checks"  # only the check whose name it bears

# On Helm's own Secret: the state that tells what a release is without decoding it.
LABEL_OWNER_UID = f"{GROUP}/owner-uid"
LABEL_OBJECT_UID = f"{GROUP}/object-uid"  # in its place where the owner is of a chart-backed kind
LABEL_DIGEST = f"{GROUP}/digest"
LABEL_RUN_KEY = f"{GROUP}/run-key"
LABEL_TRIGGER = f"{GROUP}/trigger"
LABEL_USED = f"{GROUP}/templates"  # which templates its run was rendered from
