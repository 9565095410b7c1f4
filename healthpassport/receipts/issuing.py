"""Signing a receipt: the desk's side. What is *not* here: the key, and where receipts are noted."""

from __future__ import annotations

from collections.abc import Sequence

from healthpassport.encoding import Json, b64_encode
from healthpassport.errors import ReceiptError
from healthpassport.jose import jws
from healthpassport.keys.signer import Signer
from healthpassport.receipts.model import MAX_RECEIPT, TYP, Receipt


def issue(receipt: Receipt, *, signer: Signer, chain: Sequence[bytes]) -> str:
    """``receipt`` as a compact JWS.

    Args:
        receipt: what is confirmed.
        signer: the key that signs the desk's requests.
        chain: its DER certificates, leaf first, as in the request's ``x5c``.

    Raises:
        ReceiptError: ``receipt.format`` where it would be longer than any wallet reads.
    """
    header: dict[str, Json] = {"typ": TYP, "x5c": [b64_encode(der) for der in chain]}
    token = jws.sign(header=header, payload=receipt.payload(), signer=signer)
    if len(token) > MAX_RECEIPT:
        raise ReceiptError("receipt.format", "it is too long")
    return token
