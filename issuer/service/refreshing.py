"""Reading a source again for a wallet that comes back, and what that does to older copies.

Rules: whose notes they are is checked at each reading, and so is whether the person still belongs
here: where the notes say that they left or died, the grant closes and every copy is suspended,
which the practice can undo, since such flags are sometimes wrong. An older copy counts until the
wallet says that it holds a newer one that says something else; where both say the same it is left
to expire (docs/adr/0082). Of a record on hold there is no newer one meanwhile. Nowhere does a
reference to a source stand in the clear.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection

from healthpassport.audit import Actor
from healthpassport.encoding import dump_json
from healthpassport.errors import ServiceError, SettingsError, SourceError
from healthpassport.status.entries import REPLACED, SUSPENDED, VALID
from healthpassport.summary import PatientSummary, Record, to_payload
from healthpassport.verification.person import Match, compare
from issuer.store import GrantState, Issuance, grants, issuances, lines, offers, reports
from issuer.store.lines import Standing

from .comparing import digests, says_the_same
from .configurations import configurations
from .context import IssuerContext
from .grants import close_grant, tell_ended
from .sealing import seal, unseal
from .sources import SOURCE, SourceReference, source
from .statuses import set_status, tell_change
from .tokens import Access
from .validity import PROXIES

LATER: Final = "source.later"  # the source has nothing to say yet: the wallet is put off


def prepare(issuer: IssuerContext, access: Access) -> tuple[str, ...]:
    """Let the records of a returning wallet wait for it, read from their source now.

    Nothing happens where they wait already, or where the offer itself held them. Returns the
    configurations that ``access`` can ask for, in any order.

    Raises:
        ServiceError: ``forbidden`` where the grant ended while its source was read.
        SourceError: ``grant.no_source``, ``grant.closed``, ``grant.source_failed``,
            ``grant.other_person``; ``source.later`` where the source asks for time.
    """
    if access.offer.grant is None or access.held:
        return access.held
    if access.offer.sealed_source is None:
        raise SourceError("grant.no_source")
    sealed = access.offer.sealed_source
    reference = SourceReference.parse(unseal(sealed, secret=access.token, purpose=SOURCE))
    grant = access.offer.grant
    summary = _read(issuer, reference, grant)
    payloads = _chosen(summary, reference.wanted)
    held = {
        name: seal(
            payloads[one.definition.type],
            secret=access.token,
            purpose=name,
            random=issuer.random,
        )
        for name, one in configurations(issuer.settings).items()
        if one.definition.type in payloads
    }
    with issuer.store.writing() as tx:
        # Reading takes its time: the grant may have ended, or moved to another device, meanwhile.
        still = grants.find(tx, grant)
        if still is None or still.state is not GrantState.ACTIVE:
            raise ServiceError("forbidden")
        if there := offers.record_types(tx, access.offer.id):  # another request was first
            return there
        on_hold = grants.suspended_types(tx, still.root)
        given = {n: sealed for n, sealed in held.items() if n.partition(".")[0] not in on_hold}
        disputed = reports.disputed_types(tx, still.root)
        same = digests(issuer.settings, reference, payloads, disputed=disputed)
        offers.hold(tx, access.offer.id, given, same)
        _drop_untold(issuer, tx, grant, told=payloads.keys())
    return tuple(given)


def on_offer(issuer: IssuerContext, access: Access) -> tuple[str, ...]:
    """The configurations that a returning wallet can ask for now, in reading order.

    Raises:
        SourceError: as ``prepare``.
    """
    held = prepare(issuer, access)
    return tuple(name for name in configurations(issuer.settings) if name in held)


def supersede(issuer: IssuerContext, tx: Connection, accepted: Issuance) -> None:
    """The wallet holds ``accepted``: older copies that say something else are replaced (rule 15).

    One that is out of date already is left as it is: no desk shows it as current.
    """
    root = grants.root_of_issuance(tx, accepted.id)
    if root is None or accepted.status != VALID:
        return
    told = None  # where a report came between, it may say "disputed" against its digest
    if not lines.reported_since(tx, root, accepted.offer):
        told = lines.digest_of(tx, accepted.offer, accepted.record_type)
    for older in lines.standing(tx, root, since=issuer.now()):
        # What came together, such as one record in two formats, is of one age.
        if older.offer == accepted.offer or older.issued_at > accepted.issued_at:
            continue
        if type_name(older) == type_name(accepted) and not _still_says(older, told):
            _replace(issuer, tx, older.id, who=issuer.audit.wallet, reason="newer")


def _still_says(older: Standing, told: str | None) -> bool:
    """Whether an older copy says what the newest one does, so that it may go on being shown."""
    return older.status == VALID and says_the_same(older.digest, told)


def _replace(
    issuer: IssuerContext, tx: Connection, issuance: str, *, who: Actor, reason: str
) -> None:
    found = issuances.find(tx, issuance)
    if found is not None and found.status in {VALID, SUSPENDED}:
        set_status(tx, issuance=issuance, status=REPLACED)
        tell_change(issuer, tx, found, REPLACED, who=who, reason=reason)


def _drop_untold(
    issuer: IssuerContext, tx: Connection, grant: str, *, told: Collection[str]
) -> None:
    """What the source no longer tells no longer stands, whether or not the wallet goes on.

    Nor does an authority to act as it was told before: it may have ended since (rule 13).
    """
    found, standing = grants.find(tx, grant), frozenset(told) - {PROXIES}
    for older in () if found is None else lines.standing(tx, found.root):
        if type_name(older) not in standing:
            _replace(issuer, tx, older.id, who=issuer.audit.own, reason="source")


def type_name(issuance: Issuance | Standing) -> str:
    """The record type of ``issuance``, whatever its format."""
    return issuance.record_type.partition(".")[0]


def _read(issuer: IssuerContext, reference: SourceReference, grant: str) -> PatientSummary:
    from .reading import read_bundle, rules_of  # noqa: PLC0415 - only offers read FHIR

    try:
        bundle = source(issuer, reference.kind).read(reference.name)
        found = read_bundle(
            bundle,
            rules=rules_of(issuer.settings),
            subject=reference.subject,
            now=issuer.clock(),
        )
    except (SourceError, SettingsError) as error:
        if error.code == LATER:
            raise
        if error.code == "fhir.restricted":  # clinical.md rule 6: no passport any more
            raise _closed(issuer, grant) from error
        raise SourceError("grant.source_failed", error.code) from error
    if found.gone:
        raise _closed(issuer, grant)
    subject = found.summary.records[0].subject
    if compare(reference.who, subject) is not Match.SAME:
        raise SourceError("grant.other_person")
    return found.summary


def _closed(issuer: IssuerContext, grant: str) -> SourceError:
    with issuer.store.writing() as tx:
        found = grants.find(tx, grant)
        if found is not None and found.state is GrantState.ACTIVE:
            close_grant(tx, found, GrantState.CLOSED, status=SUSPENDED)
            tell_ended(issuer, tx, found, GrantState.CLOSED, who=issuer.audit.own)
    return SourceError("grant.closed")


def _chosen(summary: PatientSummary, wanted: tuple[str, ...]) -> dict[str, bytes]:
    chosen: list[Record] = [r for r in summary.records if not wanted or r.type in wanted]
    return {record.type: dump_json(to_payload(record)) for record in chosen}
