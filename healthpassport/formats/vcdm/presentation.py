"""What the VC Data Model 2.0 demands of a presentation's JSON (section 4.13).

What is *not* here: the proofs of the presentation and of its credentials, and whether the holder is
the one that the credentials are about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.vcdm.contexts import CURRENT, Model, model
from healthpassport.formats.vcdm.credential import (
    CheckedCredential,
    check_credential,
    party,
    proofs,
    typed,
)
from healthpassport.formats.vcdm.envelopes import CREDENTIAL as ENVELOPED
from healthpassport.formats.vcdm.envelopes import Envelope, open_envelope
from healthpassport.formats.vcdm.syntax import malformed, objects, optional_id, types

PRESENTATION: Final = "VerifiablePresentation"


@dataclass(frozen=True, slots=True)
class CheckedPresentation:
    """A presentation that is well-formed; *not* one whose proofs were verified.

    ``contents`` are its credentials in their order: checked ones with an embedded proof, those
    that the holder asserts itself (no proofs of their own), and envelopes to be opened by their own
    format.
    """

    id: str | None
    types: tuple[str, ...]
    holder: str | None
    contents: tuple[CheckedCredential | Envelope, ...]
    proofs: tuple[JsonObject, ...]


def check_presentation(
    document: Json,
    *,
    now: datetime | None,
    expired_accepted: bool = False,
    models: Collection[Model] = CURRENT,
    resources: Mapping[str, bytes] = {},
) -> CheckedPresentation:
    """Check that ``document`` is a conforming presentation, apart from its securing.

    Args: as of ``check_credential``, for each of its credentials too.

    Raises:
        CredentialError: as ``check_credential``, ``di.media_type`` for an envelope that holds
            something else, ``vcdm.unsecured`` for a credential that nothing secures.
    """
    if not isinstance(document, Mapping):
        raise CredentialError("vcdm.parsing", "the presentation is no JSON object")
    model(document, "", accepted=models)
    names = types(document, "")
    if PRESENTATION not in names:  # section 4.13
        raise malformed("type", f"it must hold {PRESENTATION}")
    for name in ("termsOfUse", "refreshService"):  # sections 5.4 and 5.5
        typed(document, name, "")
    check = partial(
        check_credential,
        now=now,
        expired_accepted=expired_accepted,
        models=models,
        resources=resources,
    )
    found = CheckedPresentation(
        id=optional_id(document, ""),
        types=names,
        holder=party(document["holder"], "holder") if "holder" in document else None,
        contents=tuple(
            _content(entry, f"verifiableCredential[{position}]", check)
            for position, entry in enumerate(_entries(document))
        ),
        proofs=proofs(document, ""),
    )
    _refuse_unsecured(found)
    return found


def _entries(document: JsonObject) -> tuple[JsonObject, ...]:
    """Section 4.13: one or more objects, never strings, numbers or URLs; or no such property."""
    if "verifiableCredential" not in document:
        return ()
    return objects(document["verifiableCredential"], "verifiableCredential")


def _content(
    entry: JsonObject, place: str, check: Callable[..., CheckedCredential]
) -> CheckedCredential | Envelope:
    if ENVELOPED in types(entry, place):
        return open_envelope(entry, expected_type=ENVELOPED, place=place)
    return check(entry, place=place)


def _refuse_unsecured(found: CheckedPresentation) -> None:
    """Section 4.13: every credential is secured; the holder's own by the presentation's proof.

    Section 4.13.4: only a self-asserted one, whose issuer is the ``holder``, may lean on it.
    """
    for position, content in enumerate(found.contents):
        if isinstance(content, Envelope) or content.proofs:
            continue
        place = f"verifiableCredential[{position}]"
        if found.holder is None or content.issuer != found.holder:
            raise CredentialError("vcdm.unsecured", f"{place} has no proof and is not the holder's")
        if not found.proofs:
            raise CredentialError("vcdm.unsecured", f"{place} and the presentation have no proof")
