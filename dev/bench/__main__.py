"""`python dev/bench`: ours beside the naive peer, on the cluster of KUBECONFIG; JSON and Markdown come out.

Each peer runs alone, in a namespace of its own and a cgroup of its own, twice: once with nothing between it and the API
server, for seconds, CPU and memory; once through a proxy that counts its requests.
"""

import sys

from measure import command

if __name__ == "__main__":
    sys.exit(command.main(sys.argv[1:]))
