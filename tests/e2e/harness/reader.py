"""Somebody with a shell in a clone of the repository, who types what a page says, from its top to its end."""

import pathlib
import re
import shutil

from tests.docs import commands, pages
from tests.e2e.harness import cli, kube

COMMAND_SECONDS = 150.0
#: helm as it is, but that the operator's chart is installed with the images of this checkout; the CRD may be there by
#: kubectl already.
_HELM = """#!/bin/bash
for word in "$@"; do
  if [ "$word" = charts/inspect-operator ]; then
    set -- "$@" --set image.tag=TAG,runner.image.tag=TAG --take-ownership --force-conflicts; break
  fi
done
exec HELM "$@"
"""


class Reader:
    """`instead` says which words of the pages stand for others here, such as the operator's namespace."""

    def __init__(
        self, root: pathlib.Path, folder: pathlib.Path, namespace: str, tag: str, instead: dict[str, str] | None = None
    ) -> None:
        self._namespace = namespace
        self._instead = instead or {}
        self._shell = cli.Shell(root, folder)
        for entry in root.iterdir():
            if not entry.name.startswith("."):
                (self._shell.folder / entry.name).symlink_to(entry)
        helm = folder / "bin" / "helm"
        helm.write_text(_HELM.replace("TAG", tag).replace("HELM", str(shutil.which("helm"))))
        helm.chmod(0o755)
        config = folder / "config"
        config.write_text(kube.run("config", "view", "--raw", "--flatten"))
        kube.run("config", "set-context", "--current", f"--namespace={namespace}", f"--kubeconfig={config}")
        self._shell.environment |= kube.AS_TESTS | {"KUBECONFIG": str(config), "HOME": str(folder)}

    def read(self, name: str) -> int:
        """Types every command of a page; returns how many.

        :raises AssertionError: one failed, or printed something else than the page shows
        """
        typed = 0
        for block in pages.page(name).blocks:
            if block.file:
                (self._shell.folder / block.file).write_text(block.text, encoding="utf-8")
            elif block.language in ("sh", "console"):
                for command in commands.of(block):
                    if not command.left_out:
                        self._type(command)
                        typed += 1
        return typed

    def _type(self, command: commands.Command) -> None:
        text = command.text
        for word, other in self._instead.items():
            text = text.replace(word, other)
        done = self._shell(f"set -euo pipefail\n{text}", COMMAND_SECONDS)
        assert done.code == 0, f"{command.block}: {text}{done.out}{done.err}"
        if command.printed is not None:
            shown = _steady(command.printed, "default")
            assert _steady(done.out, self._namespace) == shown, f"{command.block}: {text}"


def _steady(text: str, namespace: str) -> list[str]:
    """Lines without what is another each time."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC", "TIME", text)
    text = re.sub(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}", "TIME", text)
    text = re.sub(r"\+[0-9a-f]{8}\b", "+HASH", text)
    return [" ".join(line.split()) for line in cli.steady(text, namespace).splitlines() if line.strip()]
