"""The entry point inside the pods of script, check and remote tasks.

It runs one script file, passes its output and exit code on, and writes what the script found as a small JSON
summary to the container's termination message. With a hosts file it runs the script by SSH on each of these instead
(fleet → one_host → ssh, remote) and prints a row about each (targets). Standard library only, paramiko where hosts
are inspected, and nothing of ours outside this room: the runner image holds this folder alone. The rooms above may
import `findings`, `stream`, `verdict`, `summary` and `targets` from here, so that a line of output means the same in
a pod and in the operator.
"""
