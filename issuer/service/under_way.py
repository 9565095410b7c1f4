"""A sign-in between its steps: what it holds, sealed under what only one party carries.

First the request's own address opens it, then the browser's cookie, then the code: the database has
digests of the three and ciphertext. What is *not* here: the steps.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection

from healthpassport.encoding import dump_json, parse_json_object
from healthpassport.errors import ServiceError
from issuer.store import Authorization, Step, sign_ins

from .context import IssuerContext, digest
from .sealing import seal, unseal

SIGN_IN_SECONDS: Final = 900  # from the patient's first page to their last
CODE_SECONDS: Final = 60  # RFC 6749 section 4.1.2: ten minutes at the most
_PURPOSE: Final = "authorization"
_UNKNOWN: Final = "patient.sign_in_unknown"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What the wallet asked for, and from the sign-in on what it will get.

    ``wanted`` are configurations; ``key`` the thumbprint of the DPoP key that the code is for, or
    empty. ``nonce`` and ``verifier`` belong to the present way to the provider. ``offer`` holds the
    records, sealed under ``secret``; ``check`` is how the patient proved who they are.
    """

    client_id: str
    wallet: str
    attested: bool
    redirect_uri: str
    state: str | None
    challenge: str
    key: str
    wanted: tuple[str, ...]
    by_identifier: bool
    issuer_state: str | None
    nonce: str = ""
    verifier: str = ""
    offer: str = ""
    secret: str = ""
    person: str = ""
    check: str = ""

    def sealed(self, issuer: IssuerContext, secret: str) -> bytes:
        """These values, to be opened with ``secret`` again."""
        return seal(dump_json(asdict(self)), secret=secret, purpose=_PURPOSE, random=issuer.random)

    @classmethod
    def opened(cls, row: Authorization, secret: str) -> UnderWay:
        """What ``row`` holds; nobody but ``sealed`` can have made it."""
        if row.sealed is None:
            raise ServiceError(_UNKNOWN)
        value = parse_json_object(unseal(row.sealed, secret=secret, purpose=_PURPOSE))
        wanted = value["wanted"]
        listed = wanted if isinstance(wanted, list) else []
        return cls(**{**value, "wanted": tuple(str(one) for one in listed)})  # type: ignore[arg-type]


def of_browser(
    issuer: IssuerContext, tx: Connection, browser: str, *steps: Step
) -> tuple[Authorization, UnderWay]:
    """The sign-in of the browser that holds ``browser``, at one of ``steps``.

    Raises:
        ServiceError: ``patient.sign_in_unknown``.
    """
    row = sign_ins.by_browser(tx, digest(browser)) if browser else None
    if row is None or row.state not in steps or row.expires_at <= issuer.now():
        raise ServiceError(_UNKNOWN)
    return row, UnderWay.opened(row, browser)
