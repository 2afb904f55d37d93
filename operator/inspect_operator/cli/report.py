"""`report`: Inspects as a page to forward, or in a form that tools read."""

import argparse
import pathlib

import shtab

from inspect_operator.cli import command, forms, inspects

_ENDINGS = {".html": "html", ".htm": "html", ".md": "md", ".markdown": "md", ".xml": "junit", ".json": "json"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="Inspects (default: all)")
    parser.add_argument("-o", "--format", choices=list(forms.WRITERS), help="default: by the name of the file, else md")
    option = parser.add_argument("--output", metavar="FILE", help="write it there (default: stdout)")
    option.complete = shtab.FILE  # type: ignore[attr-defined]


async def run(context: command.Context) -> command.Exit:
    """Writes the report; whatever it tells, writing it is a success."""
    output = pathlib.Path(context.arguments.output) if context.arguments.output else None
    form = context.arguments.format or (_ENDINGS.get(output.suffix.lower()) if output else "md")
    if form is None:
        raise command.Usage(f"{output}: say which form by -o, one of {', '.join(forms.WRITERS)}")
    report = await inspects.report(context, await inspects.chosen(context))
    text = forms.WRITERS[form](report)
    if output is None:
        context.terminal.out.write(text)
        context.terminal.out.flush()
        return command.Exit.PASSED
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise command.Usage(f"{output}: {error.strerror}") from None
    context.terminal.note(f"wrote {output}")
    return command.Exit.PASSED


COMMAND = command.Command(
    configure, run,
    examples=(
        "kubectl inspections report host-health --output report.html",
        "kubectl inspections report -A -o junit --output report.xml",
    ),
)  # fmt: skip
