"""The embedded cluster: a real one-node Kubernetes on this machine. CLUSTER=current uses your own instead."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from embedded import (
    base_image,
    binaries,
    current,
    down,
    environment,
    folders,
    images,
    load,
    preflight,
    status,
    steps,
    up,
)
from embedded.errors import ClusterError


def main(arguments: Sequence[str]) -> int:
    """Runs one verb; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except ClusterError as error:
        steps.say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        steps.say("interrupted: the same command goes on where it was")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 dev/cluster", description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    start = verb("up", "bring the cluster up; says first what it changes on this machine")
    audit = start.add_mutually_exclusive_group()
    audit.add_argument(
        "--audit", dest="audit", action="store_true", default=None, help="keep the API server's audit log (the default)"
    )
    audit.add_argument("--no-audit", dest="audit", action="store_false", help="keep none, from now on")
    start.set_defaults(run=_up)

    stop = verb("down", "end the cluster and take back what it changed; keeps its state and the caches")
    stop.add_argument("--purge", action="store_true", help="also remove its state: objects, images, logs")
    stop.set_defaults(run=_down)
    verb("status", "show what runs and whether it is well; exit code 0 if all is").set_defaults(run=_status)
    verb("env", "print the export lines for a shell (KUBECONFIG, PATH)").set_defaults(run=_env)
    verb("build", "compile the programs into the cache, and no more").set_defaults(run=_build)
    verb("image-base", "make the Debian base image, once, into the cache").set_defaults(run=_image_base)
    verb("images", "build and import the operator's and the runner's images; prints TAG=…").set_defaults(run=_images)
    loads = verb("load", "import an image: an archive, one of buildah's, or a folder with a Dockerfile (ARG BASE)")
    loads.add_argument("what", metavar="FILE|IMAGE|FOLDER")
    loads.add_argument("--name", default="", help="the name for the image built from FOLDER")
    loads.set_defaults(run=_load)
    return parser


def _up(options: argparse.Namespace) -> None:
    if current.is_chosen():
        current.up()
    else:
        up.up(options.audit)


def _down(options: argparse.Namespace) -> None:
    if current.is_chosen():
        steps.say("CLUSTER=current: your own cluster is left alone")
    else:
        down.down(options.purge)


def _status(_: argparse.Namespace) -> int:
    text, well = current.describe() if current.is_chosen() else status.report()
    print(text)
    return 0 if well else 1


def _env(_: argparse.Namespace) -> None:
    print("\n".join(environment.lines()))


def _build(_: argparse.Namespace) -> None:
    binaries.ensure([binaries.helm()] if current.is_chosen() else None)


def _image_base(_: argparse.Namespace) -> None:
    preflight.platform()
    print(base_image.ensure())


def _images(_: argparse.Namespace) -> None:
    if not current.is_chosen():
        preflight.platform()
    build = current.build_images if current.is_chosen() else images.ensure
    print(f"TAG={build(folders.checkout())}")


def _load(options: argparse.Namespace) -> None:
    preflight.platform()
    load.load(options.what, options.name)
