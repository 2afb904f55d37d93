"""`kubectl-inspections`: what people type. A module for each subcommand, all registered in `commands`.

kubectl finds it on PATH as `kubectl inspections`. Results go to stdout, everything else to stderr.
"""
