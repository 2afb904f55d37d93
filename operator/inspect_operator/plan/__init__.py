"""Pure decisions: which releases and runs should exist, under which names, and what to do about those that do.

No I/O, no clock, no environment, no randomness: everything comes in as a value.
"""
