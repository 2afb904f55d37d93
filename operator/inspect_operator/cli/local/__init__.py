"""Runs the tasks of Inspects on this machine, as their pods would: the same runner, told the same, and what it leaves
is read by the same code as in the operator. What only a pod has is said to be missing, task by task.
"""
