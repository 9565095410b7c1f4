"""How it was made sure that a patient is who they say: which check, and nothing of any document.

Rules: a closed list of which none is the only way; of who vouches there is a name, in which no
digit may stand, so that no number of a document is kept by mistake. What is *not* here: the check
itself, which people make.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.languages import msg
from issuer.store import IdentityCheck

__all__ = ["CHECKS", "IdentityCheck", "checked_vouching", "named_check"]

MAX_NAME: Final = 100  # characters of who vouches


CHECKS: Final[Mapping[IdentityCheck, tuple[str, str]]] = MappingProxyType(
    {
        IdentityCheck.PHOTO_IN_PERSON: (
            msg("I saw a document with their photo, here in person"),
            msg("The face fits the photo, and the name and birth date fit the record."),
        ),
        IdentityCheck.VOUCHED_FOR: (
            msg("A member of staff or a professional who knows them vouches for them"),
            msg("For patients without documents or a phone of their own. Say who."),
        ),
        IdentityCheck.NHS_LOGIN_P9: (
            msg("They showed that they are signed in to NHS login with a proven identity (P9)"),
            msg("On their own phone, with the same name and birth date as the record."),
        ),
    }
)


def checked_vouching(check: IdentityCheck, name: str) -> str:
    """Who vouches, as it is kept; empty for the checks in which nobody does.

    Raises:
        ServiceError: ``console.vouching``.
    """
    if check is not IdentityCheck.VOUCHED_FOR:
        return ""
    said = " ".join(name.split())
    if not said or len(said) > MAX_NAME or any(letter.isdigit() for letter in said):
        raise ServiceError("console.vouching")
    return said


def named_check(word: str) -> IdentityCheck:
    """The check of that word.

    Raises:
        ServiceError: ``console.identity``.
    """
    if word not in set(IdentityCheck):
        raise ServiceError("console.identity")
    return IdentityCheck(word)
