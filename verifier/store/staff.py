"""Who is signed in, who is on the way, emergency codes, and who opened what: nothing of a patient.

Rules: every statement names one organisation; of a session, a sign-in and a code stands a digest
alone, so that a copy of the database signs nobody in; what is single is taken by one statement.
What is *not* here: what a role may do (``service``).
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from healthpassport.sign_in import SessionRow, SignInRow

from .staff_tables import STAFF_CODES, STAFF_OPENINGS, STAFF_SESSIONS, STAFF_SIGN_INS
from .together import together

_S = STAFF_SESSIONS.c
_B = STAFF_SIGN_INS.c
_C = STAFF_CODES.c
_O = STAFF_OPENINGS.c


class StaffRows:
    """The staff of one organisation."""

    def __init__(self, engine: sa.Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant

    def begin(self, row: SignInRow, *, now: datetime, limit: int) -> bool:
        """Keep a sign-in that begins; False where too many are under way."""
        mine, moment = _B.tenant == self._tenant, int(now.timestamp())
        count = sa.select(sa.func.count()).select_from(STAFF_SIGN_INS).where(mine)
        with self._engine.begin() as connection:
            connection.execute(sa.delete(STAFF_SIGN_INS).where(mine, _B.ends_at <= moment))
            if connection.execute(count).scalar_one() >= limit:
                return False
            values = {"ends_at": int(row.ends_at.timestamp()), "next": row.next}
            for name in ("state", "browser", "nonce", "verifier", "issuer"):
                values[name] = getattr(row, name)
            connection.execute(sa.insert(STAFF_SIGN_INS).values(tenant=self._tenant, **values))
        return True

    def take(self, state: str, *, now: datetime) -> SignInRow | None:
        """The sign-in with that state, which then is gone; None where there is none."""
        mine = sa.and_(_B.tenant == self._tenant, _B.state == state)
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(STAFF_SIGN_INS).where(mine)).one_or_none()
            # Of two answers with one state the one whose DELETE finds the row goes on.
            taken = connection.execute(sa.delete(STAFF_SIGN_INS).where(mine)).rowcount == 1
        if row is None or not taken or row.ends_at <= int(now.timestamp()):
            return None
        return SignInRow(
            row.state,
            row.browser,
            row.nonce,
            row.verifier,
            row.issuer,
            row.next,
            _moment(row.ends_at),
        )

    def add_session(self, row: SessionRow, *, now: datetime) -> None:
        """Keep a session, and let go of those that are over."""
        over = sa.delete(STAFF_SESSIONS).where(
            _S.tenant == self._tenant, _S.ends_at <= int(now.timestamp())
        )
        new = sa.insert(STAFF_SESSIONS).values(
            tenant=self._tenant,
            id=row.id,
            subject=row.subject,
            name=row.name,
            roles=row.roles,
            way=row.way,
            created_at=int(row.created_at.timestamp()),
            seen_at=int(row.seen_at.timestamp()),
            ends_at=int(row.ends_at.timestamp()),
        )
        with self._engine.begin() as connection:
            connection.execute(over)
            connection.execute(new)

    def session(self, digest: str) -> SessionRow | None:
        """The session with that digest, whether or not it is over."""
        query = sa.select(STAFF_SESSIONS).where(_S.tenant == self._tenant, _S.id == digest)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        times = (_moment(row.created_at), _moment(row.seen_at), _moment(row.ends_at))
        return SessionRow(row.id, row.subject, row.name, row.roles, row.way, *times)

    def seen(self, digest: str, *, now: datetime) -> None:
        """Note that somebody looked."""
        change = sa.update(STAFF_SESSIONS).where(_S.tenant == self._tenant, _S.id == digest)
        with self._engine.begin() as connection:
            connection.execute(change.values(seen_at=int(now.timestamp())))

    def end_session(self, digest: str) -> None:
        """Forget a session."""
        gone = sa.delete(STAFF_SESSIONS).where(_S.tenant == self._tenant, _S.id == digest)
        with self._engine.begin() as connection:
            connection.execute(gone)

    def replace_codes(self, digests: tuple[str, ...], *, now: datetime) -> None:
        """Let these be the only emergency codes."""
        moment = int(now.timestamp())
        rows = [{"tenant": self._tenant, "digest": one, "made_at": moment} for one in digests]
        with self._engine.begin() as connection:
            connection.execute(sa.delete(STAFF_CODES).where(_C.tenant == self._tenant))
            if rows:
                connection.execute(sa.insert(STAFF_CODES), rows)

    def use_code(self, digest: str) -> bool:
        """Use an emergency code up; False where there is no such code."""
        gone = sa.delete(STAFF_CODES).where(_C.tenant == self._tenant, _C.digest == digest)
        with self._engine.begin() as connection:
            return connection.execute(gone).rowcount == 1

    def codes_left(self) -> int:
        """How many emergency codes are there."""
        query = sa.select(sa.func.count()).select_from(STAFF_CODES)
        with self._engine.connect() as connection:
            return int(connection.execute(query.where(_C.tenant == self._tenant)).scalar_one())

    def open(
        self, transaction: str, reader: str, *, relationship: str, now: datetime, stale: datetime
    ) -> bool:
        """Note that ``reader`` opened it; False where they had before. Old notes leave."""
        mine = _O.tenant == self._tenant
        known = sa.and_(mine, _O.transaction == transaction, _O.reader == reader)
        new = sa.insert(STAFF_OPENINGS).values(
            tenant=self._tenant,
            transaction=transaction,
            reader=reader,
            relationship=relationship,
            at=int(now.timestamp()),
        )
        # Two requests of one person at once: the key lets one through, the other is told to retry.
        with together(self._engine) as connection:
            connection.execute(
                sa.delete(STAFF_OPENINGS).where(mine, _O.at < int(stale.timestamp()))
            )
            if connection.execute(sa.select(_O.at).where(known)).one_or_none() is not None:
                return False
            connection.execute(new)
        return True

    def opened(self, transaction: str, reader: str) -> str | None:
        """How ``reader`` said that they care for the patient of it; None where they did not."""
        query = sa.select(_O.relationship).where(
            _O.tenant == self._tenant, _O.transaction == transaction, _O.reader == reader
        )
        with together(self._engine) as connection:
            return connection.execute(query).scalars().one_or_none()


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
