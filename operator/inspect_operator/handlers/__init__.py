"""The way through the house, driven by kopf's watches; the only importer of kopf.

operator.py   kopf's decorators: what happened in the cluster goes to memory and wakes a queue
memory.py     what was last seen of every Inspect and of the Jobs, pods and ConfigMaps of its releases
queue.py      one task at a time for each object, with back-off
converge.py   Inspect → api → plan → render → release, and the end of an Inspect
attempts.py   which steps of that failed, and when they are due again
finalizer.py  ours on the Inspect, from before the first install to after the last uninstall
report.py     runs → status and events: the one writer of the status
"""
