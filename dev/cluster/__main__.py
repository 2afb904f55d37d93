"""`python3 dev/cluster VERB`: a one-node Kubernetes for development, from package registries alone.

Python puts this folder first on the import path, so the package `embedded` beside this file is found without an
installation. Standard library only: this runs before any virtual environment exists.
"""

import sys

if sys.version_info < (3, 9):  # noqa: UP036 - a system may have an older one
    sys.exit("the embedded cluster needs Python 3.9 or later; this is " + sys.version.split()[0])

from embedded import verbs

if __name__ == "__main__":
    sys.exit(verbs.main(sys.argv[1:]))
