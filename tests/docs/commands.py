"""The commands of the pages: which are run where, and which are not, and why."""

import dataclasses

from tests.docs import pages

#: Read by somebody who has installed the operator with its chart, in this order; the last one uninstalls it.
INSTALLED = ("README.md", "docs/operations.md", "docs/migration.md", "docs/getting-started.md")
#: Read in a namespace that an operator serves, with the Inspect of examples/host-health.yaml in it.
SERVED = (
    "docs/tasks.md",
    "docs/schedules.md",
    "docs/results.md",
    "docs/checks.md",
    "docs/notices.md",
    "docs/cli.md",
    "docs/security.md",
    "docs/templates.md",
)
#: Pages whose commands are not typed as they stand, and what runs them instead.
ELSEWHERE = {
    "README.zh-CN.md": "its commands are those of README.md and docs/getting-started.md: tests/unit/docs",
    "AGENTS.md": "verbs of the Makefile: make test is what runs now",
    "CONTRIBUTING.md": "verbs of the Makefile: make test is what runs now",
    "charts/inspect-operator/README.md": "the commands of README.md; tests/e2e/test_chart.py and tests/e2e_alone",
    "dev/cluster/README.md": "the verbs that bring up the cluster in which these tests run",
    "docs/kinds.md": "tests/e2e/kinds, tests/unit/cli/test_init.py",
    "docs/performance.md": "make bench takes as long as all tests",
    "docs/upgrades.md": "tests/e2e_alone/test_all_namespaces.py upgrades; docs/operations.md has the same command",
    "docs/reliability.md": "verbs of the Makefile: a sample of make faults runs in make test",
    "examples/kinds/application/README.md": "tests/e2e/kinds",
    "examples/kinds/dataservice/README.md": "tests/e2e/kinds",
    "examples/kinds/hpa/README.md": "tests/e2e/kinds",
    "examples/kinds/nginx/README.md": "tests/e2e/kinds",
    "tests/images/sshd/README.md": "tests/e2e/test_hosts.py",
}
#: Commands on other pages that are left out, by how they begin, and why.
LEFT_OUT = {
    "make ": "make test is what runs now",
    "docker ": "no docker here; make images builds the same Dockerfile",
    "python3 -m venv": "asks PyPI for what builds the wheel; the images of make images hold it",
    "ln -s": "goes with the line before it",
    "kubectl inspections run --local": "what this machine says of itself is another each time: tests/e2e/test_local.py",
    "kubectl inspections doctor": "it tells what all other tests do to the cluster: tests/e2e/test_cli.py",
    "kubectl get reports.openreports.io": "where the cluster has that kind: tests/e2e/test_record.py",
    "kubectl patch in NAME": "for an operator that is gone: tests/e2e/test_chart.py",
}


@dataclasses.dataclass(frozen=True)
class Command:
    """One command, maybe of several lines; `printed` is what it prints, None where the page doesn't show it."""

    block: pages.Block
    text: str
    printed: str | None = None

    @property
    def left_out(self) -> str:
        """Why it isn't run; empty where it is."""
        return next((why for start, why in LEFT_OUT.items() if self.text.startswith(start)), "")


def of(block: pages.Block) -> list[Command]:
    """The commands of a block, in their order."""
    if block.language == "console":
        return _with_output(block)
    made: list[str] = []
    whole = True
    until = ""  # the word that ends what a command is given by <<
    for line in block.text.splitlines():
        if whole and (not line.strip() or line.startswith("#")):
            continue
        made += [] if not whole else [""]
        made[-1] += line + "\n"
        if until:
            until = "" if line == until else until
        elif "<<" in line:
            until = line.partition("<<")[2].split()[0].strip("'\"-")
        whole = not until and not line.endswith("\\")
    return [Command(block, text) for text in made]


def _with_output(block: pages.Block) -> list[Command]:
    made: list[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            made.append(Command(block, line[2:] + "\n", ""))
        elif made[-1].text.endswith("\\\n"):
            made[-1] = dataclasses.replace(made[-1], text=made[-1].text + line + "\n")
        else:
            made[-1] = dataclasses.replace(made[-1], printed=f"{made[-1].printed}{line}\n")
    return made


def every() -> list[Command]:
    """Those of all pages."""
    return [command for block in pages.blocks("sh", "console") for command in of(block)]
