"""Helm: observe, install, upgrade, uninstall, repair; the only importer of pyhelm3.

After every write the stored release is read: helm's exit code 0 is no proof that it was stored as deployed.
"""
