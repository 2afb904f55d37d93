"""The way through the house, driven by kopf's watches; the only importer of kopf.

operator.py   kopf's decorators: what happened in the cluster goes to memory and wakes a queue
memory.py     what was last seen of every Inspect and of the Jobs, pods and ConfigMaps of its releases
queue.py      one task at a time for each object, with back-off
converge.py   Inspect → api → plan → render → release
report.py     runs → status and events: the one writer of the status
"""
