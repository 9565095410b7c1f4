"""The calls of the VC-API, each from a parsed body to an ``Answer``.

Never a 200 for something that was not verified, and a 400 with a problem object for everything that
is wrong with what was sent; only a fault of this program is raised on. What is *not* here: HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError, PassportError, ProtocolError
from healthpassport.formats.data_integrity import derive
from healthpassport.vc_api.answers import (
    CREATED,
    OK,
    Answer,
    missing,
    problem,
    refused,
    verified,
)
from healthpassport.vc_api.bodies import Request, document, read
from healthpassport.vc_api.issuing import issued, signed
from healthpassport.vc_api.keys import OwnIssuer
from healthpassport.vc_api.surroundings import Surroundings
from healthpassport.vc_api.verifying import verified_credential, verified_presentation

STATUS_ISSUER: Final = "eddsa-rdfc-2022"  # who signs the status lists


def verify_credential(body: Json, around: Surroundings) -> Answer:
    """200 for a conforming credential whose proofs verify, one of them its issuer's; else 400."""
    return _verification(body, "verifiableCredential", verified_credential, around)


def verify_presentation(body: Json, around: Surroundings) -> Answer:
    """200 for a presentation made for this request, every credential of it verified; else 400."""
    return _verification(body, "verifiablePresentation", verified_presentation, around)


def derive_credential(body: Json, around: Surroundings) -> Answer:
    """201 and the derived credential itself, or 400."""

    def work() -> Answer:
        request = read(body, "verifiableCredential")
        pointers = request.texts("selectivePointers")
        if pointers is None:
            raise ProtocolError("vcapi.request", "options.selectivePointers is missing")
        given = document(request, "verifiableCredential")
        shown = derive(given, pointers=pointers, contexts=around.contexts, randomness=around.random)
        return Answer(CREATED, shown)

    return _or_refused(work)


@dataclass(frozen=True, slots=True)
class Issuers:
    """The issuers of one run, by the name in their address."""

    known: Mapping[str, OwnIssuer]
    around: Surroundings

    def issue(self, name: str, body: Json) -> Answer:
        """201 and the credential signed by the issuer called ``name``, 400, or 404 without one."""
        own = self.known.get(name)
        if own is None:
            return missing(ProtocolError("vcapi.profile"))
        return _or_refused(
            lambda: Answer(
                CREATED,
                {"verifiableCredential": issued(own, read(body, "credential"), self.around)},
            )
        )

    def issuer(self, name: str) -> Answer:
        """200 and the DID that the issuer called ``name`` signs as, or 404."""
        own = self.known.get(name)
        if own is None:
            return missing(ProtocolError("vcapi.profile"))
        return Answer(OK, {"id": own.did, "verificationMethod": own.verification_method})

    def status_list(self, name: str) -> Answer:
        """200 and the signed credential of a status list of this run, or 404."""
        own, now = self.known[STATUS_ISSUER], self.around.clock()
        try:
            unsigned = self.around.statuses.unsigned(name, issuer=own.did, now=now)
        except PassportError as error:
            return missing(error)
        return Answer(OK, signed(unsigned, own, (), self.around, now=now))


def _verification(
    body: Json, name: str, work: Callable[[Request, Surroundings], int], around: Surroundings
) -> Answer:
    def all_of_it() -> Answer:
        unseen = work(read(body, name), around)
        warnings: list[JsonObject] = [problem(CredentialError("vcapi.status_unseen"))]
        return verified(warnings * unseen)

    return _or_refused(all_of_it)


def _or_refused(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except PassportError as error:
        if error.status >= 500:  # noqa: PLR2004 - RFC 9110 section 15.6
            raise
        return refused(error)
