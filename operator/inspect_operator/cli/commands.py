"""Every subcommand, in the order in which help lists them."""

from inspect_operator.cli import (
    checks,
    command,
    completion,
    describe,
    diff,
    get,
    init,
    lint,
    logs,
    render,
    report,
    run,
)  # fmt: skip

TABLE: dict[str, command.Command] = {
    one.name: one
    for one in (
        get.COMMAND,
        describe.COMMAND,
        run.COMMAND,
        logs.COMMAND,
        report.COMMAND,
        checks.COMMAND,
        render.COMMAND,
        lint.COMMAND,
        diff.COMMAND,
        init.COMMAND,
        completion.COMMAND,
    )
}
