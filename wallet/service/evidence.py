"""What the wallet keeps of an answer to compare a receipt with: names and hashes, no value.

What is *not* here: the comparison (``healthpassport.receipts``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from healthpassport import receipts
from healthpassport.credential import Presentation
from healthpassport.encoding import Json
from healthpassport.errors import PassportError
from healthpassport.protocols.dcql import without
from healthpassport.protocols.oid4vp import vp_token
from healthpassport.receipts import ReceivedRecord, Sent
from healthpassport.requests import VerifiedRequest
from healthpassport.summary import definition_for_vct
from wallet.consent import ChosenRecord


def sent_of(
    request: VerifiedRequest,
    picked: Iterable[ChosenRecord],
    presentation: Presentation,
    *,
    at: datetime,
) -> Sent | None:
    """What goes out to whom; None for an answer that no receipt could name.

    The fields are those that the person chose, whatever the presentation came to hold.
    """
    token = vp_token(presentation)
    fields: dict[str, tuple[ChosenRecord, set[str]]] = {}
    for one in picked:
        held = one.record.held
        shown = without(held.payload, frozenset(held.places) - one.places)
        known = definition_for_vct(str(held.payload["vct"]))
        _, paths = fields.setdefault(one.query_id, (one, set()))
        paths.update(receipts.field_paths(shown, known))
    try:
        return Sent(
            request_hash=receipts.request_hash(request.claims),
            vp_token_hash=receipts.vp_token_hash(token),
            certificate_hash=request.certificate_hash,
            name=request.name,
            ods=request.ods,
            purpose=request.purpose or "",
            retention=request.retention or "",
            records=tuple(
                ReceivedRecord.made(
                    type=definition_for_vct(str(one.record.held.payload["vct"])).type,
                    format=one.record.format,
                    query=query_id,
                    hash=receipts.vp_token_hash(token[query_id]),
                    paths=tuple(sorted(paths)),
                )
                for query_id, (one, paths) in fields.items()
            ),
            at=at,
        )
    except PassportError:  # sharing goes first; then no receipt can be compared
        return None


def to_wire(sent: Sent) -> dict[str, Json]:
    """``sent`` as JSON for the vault."""
    return {
        "request": sent.request_hash,
        "answer": sent.vp_token_hash,
        "certificate": sent.certificate_hash,
        "name": sent.name,
        "ods": sent.ods,
        "purpose": sent.purpose,
        "retention": sent.retention,
        "records": [r.model_dump(mode="json", exclude_none=True) for r in sent.records],
        "at": sent.at.isoformat(),
    }


def from_wire(stored: Mapping[str, Json]) -> Sent:
    """What ``to_wire`` wrote; only we write it, and the vault vouches for every byte."""
    records = stored["records"]
    rows = records if isinstance(records, list) else []
    return Sent(
        request_hash=str(stored["request"]),
        vp_token_hash=str(stored["answer"]),
        certificate_hash=str(stored["certificate"]),
        name=str(stored["name"]),
        ods=str(stored["ods"]),
        purpose=str(stored["purpose"]),
        retention=str(stored["retention"]),
        records=tuple(ReceivedRecord.made(**row) for row in rows if isinstance(row, Mapping)),
        at=datetime.fromisoformat(str(stored["at"])),
    )
