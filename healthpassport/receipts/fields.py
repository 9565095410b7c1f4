"""Which values a presentation holds, by name: record types and dotted paths.

Wallet and desk make the names with the same function, the one from what it chose to show, the other
from what arrived. Only names of the record's definition count. What is *not* here: any value, and
whether a signature is good: a desk received also what then failed its checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from healthpassport.credential import Presentation
from healthpassport.encoding import Json
from healthpassport.errors import PassportError
from healthpassport.formats import format_named
from healthpassport.formats.sd_jwt import ParsedSdJwt
from healthpassport.formats.sd_jwt.processing import process
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.oid4vp import vp_token
from healthpassport.receipts.hashes import vp_token_hash
from healthpassport.receipts.model import ReceivedRecord
from healthpassport.summary import RecordDefinition, definition_for_vct

LISTS: Final = ("items", "negations")
UNIT: Final = "unit"
TOLD: Final = frozenset({"vct"})  # the type has a member of its own


def field_paths(record: Mapping[str, Json], known: RecordDefinition) -> tuple[str, ...]:
    """The names of what ``record`` holds, in order: ``asOf``, ``items.unit``, ``nhsNumber``.

    Args:
        record: a record's wire object, as far as it is shown.
        known: its definition.
    """
    plain = {*known.envelope_fields, *known.always_fields, *known.subject_fields} - TOLD
    found = plain & record.keys()
    inner = {UNIT, *known.item_fields}
    for name in LISTS if known.has_items else ():
        for item in _objects(record.get(name)):
            found |= {f"{name}.{member}" for member in inner & item.keys()}
    return tuple(sorted(found))


def received(presentation: Presentation, query: Query) -> tuple[ReceivedRecord, ...]:
    """What ``presentation`` holds, in the order of ``query``; nothing is verified here.

    A record that cannot be read at all is named without paths.

    Raises:
        ReceiptError: ``receipt.format`` for an id of a query that no receipt can hold.
    """
    token = vp_token(presentation)
    found = []
    for wanted in query.credentials:
        given = presentation.answers.get(wanted.id)
        if not given:
            continue
        known = definition_for_vct(wanted.types[0] if wanted.types else "")
        paths = {
            path for one in given for path in field_paths(_record(one.format, one.value), known)
        }
        found.append(
            ReceivedRecord.made(
                type=known.type,
                format=wanted.format,
                query=wanted.id,
                hash=vp_token_hash(token[wanted.id]),
                paths=tuple(sorted(paths)),
            )
        )
    return tuple(found)


def _record(format_: str, value: str) -> Mapping[str, Json]:
    """What ``value`` discloses, by its own account: good for names and for nothing else."""
    try:
        known = format_named(format_)
        parsed = known.parse(value)
        if isinstance(parsed, ParsedSdJwt):
            return known.record(process(parsed.payload, parsed.disclosures)[0])
        return known.record(parsed.payload)
    except PassportError:  # nothing of it was read, and the summary says why
        return {}


def _objects(value: Json) -> list[Mapping[str, Json]]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return []
    return [entry for entry in value if isinstance(entry, Mapping)]
