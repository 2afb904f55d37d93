"""Kinds of watches.yaml: any kind, served with any chart.

served.py      all of them: read at start, their charts looked at now and then, their ends
controller.py  one kind: its objects, and one pass over one of them
dependents.py  watches of what releases hold, and which of it stands otherwise than Helm wrote it
reporter.py    the one writer of status and events of these objects
"""
