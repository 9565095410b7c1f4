"""Whether anything of an answer could be shown. What is *not* here: the judgement of its parts."""

from __future__ import annotations

from typing import Final

from healthpassport.credential import DeskState, VerifiedSummary

HIDDEN: Final = frozenset(
    {
        DeskState.FAILED_CHECK,
        DeskState.NOT_MATCHED,
        DeskState.NOT_SHARED,
        DeskState.NOT_ASKED_FOR,
    }
)


def refusal(summary: VerifiedSummary) -> str | None:
    """Why the wallet is told that its answer was refused: nothing of it could be shown."""
    if any(section.state not in HIDDEN for section in summary.sections):
        return None
    return next((section.code for section in summary.sections if section.code), None)
