"""Records are in memory for a moment: no image of it goes into a file when the process crashes.

What is *not* here: swap, and systems that hand images to a program of theirs (docs/sources.md).
"""

from __future__ import annotations


def no_memory_images() -> None:
    """The process, and what it starts, leaves no core file."""
    import resource  # noqa: PLC0415 - Unix alone has it

    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
