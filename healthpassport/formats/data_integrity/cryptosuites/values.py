"""What a cryptosuite is, and what it is given to make, check and derive a proof.

What is *not* here: the table of suites, and which of them a verifier accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from healthpassport.canonical import Contexts
from healthpassport.encoding import Json, JsonObject
from healthpassport.formats.values import Place
from healthpassport.keys import PublicKey, Signer

Randomness: TypeAlias = Callable[[int], bytes]


class MessagesSigner(Protocol):
    """Something that signs a list of messages with one key, as BBS does."""

    @property
    def public_key(self) -> PublicKey:
        """The key with which the signatures are checked."""
        ...

    def sign_messages(
        self, header: bytes, messages: Sequence[bytes], randomness: Randomness
    ) -> bytes:
        """The signature over ``header`` and ``messages``."""
        ...


ProofSigner: TypeAlias = "Signer | MessagesSigner"


@dataclass(frozen=True, slots=True)
class Making:
    """What a proof is made of: ``document`` without it, and the proof without its value."""

    document: JsonObject
    options: JsonObject
    signer: ProofSigner
    contexts: Contexts
    mandatory_pointers: tuple[str, ...]
    randomness: Randomness


@dataclass(frozen=True, slots=True)
class Checking:
    """A proof to be checked: ``document`` without it, the proof without its value, its value."""

    document: JsonObject
    options: JsonObject
    value: str
    key: PublicKey
    contexts: Contexts
    presentation_header: bytes | None = None


@dataclass(frozen=True, slots=True)
class Deriving:
    """A base proof from which some statements are to be shown."""

    document: JsonObject
    options: JsonObject
    value: str
    pointers: tuple[str, ...]
    contexts: Contexts
    presentation_header: bytes
    randomness: Randomness


@dataclass(frozen=True, slots=True)
class Derived:
    """The part of the document that is shown, and the value of its proof."""

    document: dict[str, Json]
    value: str


@dataclass(frozen=True, slots=True)
class Selective:
    """What only suites with selective disclosure do.

    ``check_base`` checks an issuer's proof, which is for the holder's eyes alone; ``derive`` makes
    from it the proof that a verifier is shown; ``always`` reads in a base proof what is mandatory.
    """

    check_base: Callable[[Checking], None]
    derive: Callable[[Deriving], Derived]
    always: Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Cryptosuite:
    """One suite: its name, the algorithms of its keys, what it does.

    ``check`` tells at which places of the document stands what could have been withheld.
    ``context_in_proof``: the proof carries the document's @context, as the JCS suites ask.
    """

    name: str
    key_algorithms: frozenset[str]
    make: Callable[[Making], str]
    check: Callable[[Checking], frozenset[Place] | None]
    selective: Selective | None = None
    context_in_proof: bool = False
    experimental: bool = False
