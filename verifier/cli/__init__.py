"""``passport-verifier``: the desk's commands.

Data goes to stdout, words for people to stderr. Heavy imports stand inside the commands, so that
``--help`` answers at once. What is *not* here: what the commands do.
"""

from __future__ import annotations

from healthpassport.terminal import run

from .commands import app


def main() -> None:
    """The entry point."""
    run(lambda: app(standalone_mode=True))


__all__ = ["app", "main"]
