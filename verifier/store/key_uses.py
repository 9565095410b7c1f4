"""The day on which each API key was last used: a name and a day, so that old keys are found.

What is *not* here: keys and their digests, which stand in a file of the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from healthpassport.errors import ServiceError

from .tables import KEY_USES

_K = KEY_USES.c


class KeyUses:
    """The days of one organisation; every call may fail as ``ServiceError``."""

    def __init__(self, engine: sa.Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant
        self._mine = _K.tenant == tenant

    def note(self, name: str, day: date) -> None:
        """The key ``name`` was used on ``day``; of two processes the later word counts.

        Raises:
            ServiceError: ``verifier.key_use``, here and below.
        """
        fresh = sa.insert(KEY_USES).values(tenant=self._tenant, name=name, day=day.isoformat())
        self._write(self._of(name), fresh)

    def forget(self, name: str) -> None:
        """Nothing more is known of the key ``name``."""
        self._write(self._of(name))

    def days(self) -> Mapping[str, date]:
        """The day of each key that was ever used."""
        query = sa.select(_K.name, _K.day).where(self._mine)
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
        except SQLAlchemyError as error:
            raise ServiceError("verifier.key_use") from error
        return {name: date.fromisoformat(day) for name, day in rows}

    def _of(self, name: str) -> sa.Delete:
        return sa.delete(KEY_USES).where(self._mine, _K.name == name)

    def _write(self, *statements: sa.Delete | sa.Insert) -> None:
        try:
            with self._engine.begin() as connection:
                for statement in statements:
                    connection.execute(statement)
        except SQLAlchemyError as error:
            raise ServiceError("verifier.key_use") from error
