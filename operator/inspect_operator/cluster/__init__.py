"""The Kubernetes API: the only importer of `kubernetes`. Objects go in and out as plain dicts, as the API serves them."""
