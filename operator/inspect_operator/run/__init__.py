"""What a Job did, read from what Kubernetes says about it: state, verdict, reason in words, findings, output.

Pure: plain dicts in the API's own shape go in, frozen values come out; no I/O, no clock. The door is `outcome`.
"""
