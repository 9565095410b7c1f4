"""What one wallet hands to another: an invitation, and a package that only its key opens.

``invitation`` is what a helper shows, ``package`` what an owner gives back, ``spoken`` the words
that two people compare aloud (docs/helpers.md has the formats). What is *not* here: which records
are given, storage, and any screen.
"""

from .invitation import Invitation, OpenInvitation, invite, read_invitation
from .package import MAX_PACKAGE, Content, HandedCopy, HandedRecord, open_package, seal_package
from .spoken import owner_words

__all__ = [
    "MAX_PACKAGE",
    "Content",
    "HandedCopy",
    "HandedRecord",
    "Invitation",
    "OpenInvitation",
    "invite",
    "open_package",
    "owner_words",
    "read_invitation",
    "seal_package",
]
