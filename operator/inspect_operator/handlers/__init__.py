"""The way through the house, driven by what happens in the cluster; the only importer of kopf.

operator.py   all rooms put together: what happened in the cluster goes to memory and wakes a queue
streams.py    kopf's watch of Inspects, made to last
children.py   the watches of what releases hold, of its pods, and of nodes
memory.py     what was last seen of every Inspect and of the Jobs, pods and ConfigMaps of its releases
queue.py      one task at a time for each object, with back-off
converge.py   Inspect → api → plan → render → release, and the end of an Inspect
attempts.py   which steps of that failed, and when they are due again
finalizer.py  ours on the Inspect, from before the first install to after the last uninstall
facts.py      what plan needs to know, out of memory
slots.py      how many runs may be active at once
rollout.py    some objects at a time, where all schedules are rendered anew
schedules.py  what releases of schedules should hold, rendered and digested
permission.py whether a task may have the account that it names
site.py       a site's own checks
runs.py       what one Job did: from memory, and from the API server where that doesn't tell enough
late.py       which runs of schedules should have begun and did not
rows.py       the rows of the status: a task's places and their runs
task_reports.py  the full report of each run that ended, in a ConfigMap of its own
posted.py     Kubernetes Events on their way out
report.py     rows → status and events: the one writer of the status
web.py        the web server: /metrics, /livez and /readyz
notices/      notices on their way out
kinds/        the kinds of watches.yaml beside Inspect: any kind, with any chart
"""
