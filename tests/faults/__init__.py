"""Faults on purpose, one at a time: a workload is done again and again, each time with something going wrong at another
place between the operator, its helm and the API server; at the end the cluster must be as if nothing had happened.

plan → campaign → stage (namespace, proxy, operator, workload) → oracles → ledger. `make faults` runs it.
"""
