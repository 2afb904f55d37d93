"""Where the API serves the kinds that we read or write."""

import dataclasses
import urllib.parse

from inspect_operator.api import group


@dataclasses.dataclass(frozen=True)
class Resource:
    """A kind's place in the API: `prefix` is /api/v1 or /apis/GROUP/VERSION."""

    kind: str
    prefix: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """URL path of one object, or of the list where `name` is empty (all namespaces where that is empty too)."""
        parts = [self.prefix]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        parts += [self.plural, *(part for part in (name, subresource) if part)]
        return "/".join(parts[:1] + [urllib.parse.quote(part, safe="") for part in parts[1:]])

    @property
    def api_version(self) -> str:
        """As in an object's `apiVersion`."""
        return self.prefix.removeprefix("/apis/").removeprefix("/api/")


INSPECTS = Resource(group.KIND, f"/apis/{group.API_VERSION}", group.PLURAL)
SECRETS = Resource("Secret", "/api/v1", "secrets")
CONFIG_MAPS = Resource("ConfigMap", "/api/v1", "configmaps")
PODS = Resource("Pod", "/api/v1", "pods")
EVENTS = Resource("Event", "/api/v1", "events")
NAMESPACES = Resource("Namespace", "/api/v1", "namespaces", namespaced=False)
NODES = Resource("Node", "/api/v1", "nodes", namespaced=False)
SERVICE_ACCOUNTS = Resource("ServiceAccount", "/api/v1", "serviceaccounts")
JOBS = Resource("Job", "/apis/batch/v1", "jobs")
CRON_JOBS = Resource("CronJob", "/apis/batch/v1", "cronjobs")
ROLE_BINDINGS = Resource("RoleBinding", "/apis/rbac.authorization.k8s.io/v1", "rolebindings")
LEASES = Resource("Lease", "/apis/coordination.k8s.io/v1", "leases")
DEPLOYMENTS = Resource("Deployment", "/apis/apps/v1", "deployments")
CLUSTER_ROLES = Resource("ClusterRole", "/apis/rbac.authorization.k8s.io/v1", "clusterroles", namespaced=False)
ENDPOINT_SLICES = Resource("EndpointSlice", "/apis/discovery.k8s.io/v1", "endpointslices")
DEFINITIONS = Resource(
    "CustomResourceDefinition", "/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", namespaced=False
)
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
WEBHOOKS = (
    Resource("MutatingWebhookConfiguration", _ADMISSION, "mutatingwebhookconfigurations", namespaced=False),
    Resource("ValidatingWebhookConfiguration", _ADMISSION, "validatingwebhookconfigurations", namespaced=False),
)
#: What an account may do; one is made to be answered, and kept nowhere.
ACCESS_REVIEWS = Resource(
    "SubjectAccessReview", "/apis/authorization.k8s.io/v1", "subjectaccessreviews", namespaced=False
)
OWN_ACCESS_REVIEWS = Resource(
    "SelfSubjectAccessReview", "/apis/authorization.k8s.io/v1", "selfsubjectaccessreviews", namespaced=False
)
#: Of https://github.com/openreports/reports-api, where a cluster has it.
OPEN_REPORTS = Resource("Report", "/apis/openreports.io/v1alpha1", "reports")

#: What a release of ours may hold, in the order in which leftovers are removed.
RELEASED = (CRON_JOBS, JOBS, CONFIG_MAPS, ROLE_BINDINGS, SERVICE_ACCOUNTS)
