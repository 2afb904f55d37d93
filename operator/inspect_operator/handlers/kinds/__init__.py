"""Kinds of watches.yaml: any kind, served with any chart.

served.py        all of them: read at start, their charts looked at now and then, their ends
surroundings.py  what the controllers of all kinds have in common
controller.py    one kind: which objects there are, and whose turn it is
latest.py        its chart (or templates) as it is on disk now
seen.py          one object, as last seen
converge.py      one pass over an object that is to stay: spec → values → release → status
deletion.py      the end of an object: its release goes first
holdings.py      what each release holds, how that is, and what of it was put right
dependents.py    watches of what releases hold, and which of it stands otherwise than Helm wrote it
reporter.py      the one writer of status and events of these objects
"""
