"""Inspect objects made from the CRD's own schema, good and bad: tests/unit/fuzz and tests/e2e/test_fuzz.py."""
