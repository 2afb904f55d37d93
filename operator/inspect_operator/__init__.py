"""inspect-operator: run inspections on Kubernetes as small Helm releases, and read what they found.

The rooms of this house, in the order data walks through them:
api → plan → render → release → run → publish, with cluster (the Kubernetes API) beside them,
handlers and cli on top, and runner: the entry point inside the pods, which imports nothing of ours.
"""

__version__ = "0.1.0"
