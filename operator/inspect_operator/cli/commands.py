"""Every subcommand, in the order in which help lists them. Each is a module of its name, read when it is typed: some
take a second to load, which nobody should wait for who asks for help or needs no cluster."""

import importlib

from inspect_operator.cli import command

#: What each does, in a line.
HELP = {
    "get": "list Inspects with their tasks, targets and verdicts",
    "describe": "tell everything about Inspects: findings, output, history, events",
    "run": "run tasks now, here or in the cluster; the exit code tells whether they passed",
    "logs": "print what tasks printed, also while they run",
    "report": "write a report: HTML to forward, Markdown, JUnit or JSON",
    "doctor": "look for what keeps inspections from working, and say how to mend it",
    "checks": "list the built-in checks, explain one",
    "render": "print the manifests that Inspects become",
    "lint": "find mistakes in templates and Inspects",
    "diff": "compare what Inspects would become with their releases",
    "init": "begin a kind of your own from a chart",
    "completion": "print what a shell needs to complete kubectl-inspections",
}


def load(name: str) -> command.Command:
    """The rest of one of them."""
    module = importlib.import_module(f"inspect_operator.cli.{name}")
    found: command.Command = module.COMMAND
    return found
