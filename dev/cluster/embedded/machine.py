"""How much of a machine this is."""

from __future__ import annotations

import os


def memory_bytes() -> int:
    """All of its memory, free or not."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
