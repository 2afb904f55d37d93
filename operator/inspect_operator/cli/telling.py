"""How a run is told while it goes on and at its end, wherever it runs."""

import dataclasses

from inspect_operator.cli import command, forms, terminal, tree
from inspect_operator.publish.reports import model, words

TREE = "tree"


def progress(context: command.Context) -> terminal.Terminal:
    """Where to tell how it goes on: beside the result, where programs read that."""
    shown = context.terminal
    return shown if context.arguments.output == TREE else dataclasses.replace(shown, out=shown.err, colours=False)


def line(shown: terminal.Terminal, task: str, ran: model.Ran) -> str:
    """`disk: ✔ success Passed: 1 finding: 1 success`."""
    verdict = words.verdict(ran)
    said = f"{ran.reason}{': ' if ran.reason and ran.message else ''}{ran.message}"
    mark = shown.paint(f"{words.MARKS.get(verdict, words.MARKS[''])} {verdict}", verdict)
    return f"{task}: {mark} {said}".rstrip()


def prefix(shown: terminal.Terminal, task: str, target: str = "") -> str:
    """What stands before each line that a task prints."""
    return shown.paint(f"[{task}{' ' + target if target else ''}]", "grey")


def result(context: command.Context, report: model.Report) -> command.Exit:
    """Prints what came of it all; PASSED where that is a success."""
    if context.arguments.output == TREE:
        context.terminal.print("\n" + tree.text(context.terminal, report))
    else:
        context.terminal.out.write(forms.WRITERS[context.arguments.output](report))
        context.terminal.out.flush()
    return command.Exit.PASSED if report.verdict == "success" else command.Exit.FAILED
