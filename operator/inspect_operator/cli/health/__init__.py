"""What `doctor` looks at: a file for each subject, whose `look` reads the cluster and returns findings. Nothing is
changed; a look that is not allowed is a finding, too.
"""
