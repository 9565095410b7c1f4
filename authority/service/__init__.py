"""What the authority does: the library behind ``passport-trust``.

``Authority`` is used in-process by the demo and by tests. What is *not* here: command lines.
"""

from authority.store import Passphrases

from .authority import Authority
from .certificates import IssuedCertificate
from .outcomes import Published, RegisteredVerifier
from .repository import Lifetimes

__all__ = [
    "Authority",
    "IssuedCertificate",
    "Lifetimes",
    "Passphrases",
    "Published",
    "RegisteredVerifier",
]
