"""A store of which everything that is written becomes one transaction, ended by somebody else.

A request with an Idempotency-Key writes what it makes and the answer to it together or not at all.
The transaction begins with the first writing, so that reading a source holds nobody up. What is
*not* here: what is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from sqlalchemy import Connection

from healthpassport.errors import ServiceError

from .engine import Store


@dataclass(slots=True)
class _Open:
    """The transaction while it is open, and whether a wipe was asked for.

    ``pieces`` are those that were done in it. ``lost`` says that it was rolled back with some:
    what is tried again then must not be kept without them.
    """

    stack: ExitStack = field(default_factory=ExitStack)
    connection: Connection | None = None
    wipes: bool = False
    pieces: int = 0
    lost: bool = False

    def give_up(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Roll back where a piece of the work failed; nothing of it is kept then."""
        if kind is None:
            return None
        self.connection = None
        self.lost = self.lost or self.pieces > 0
        return self.stack.__exit__(kind, error, trace)


@dataclass(frozen=True, slots=True)
class JoinedStore(Store):
    """``Store`` for the length of ``together``; for one thread."""

    joined: _Open = field(default_factory=_Open, repr=False)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit at the end, or nothing where it fails; wiping comes after the commit."""
        with ExitStack() as undo:
            undo.push(self.joined.give_up)
            yield
            self.joined.connection = None
            self.joined.stack.close()
        if self.joined.wipes:
            Store.wipe(self)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one transaction, which goes on after this piece of it.

        Raises:
            ServiceError: ``issuer.unavailable`` where an earlier piece was rolled back.
        """
        if self.joined.lost:
            raise ServiceError("issuer.unavailable", "what was done before is lost")
        if self.joined.connection is None:
            self.joined.connection = self.joined.stack.enter_context(Store.writing(self))
        with ExitStack() as undo:
            undo.push(self.joined.give_up)
            yield self.joined.connection
            self.joined.pieces += 1

    def apart(self) -> Store:
        """A store of its own; on SQLite to be written to before anything is written here."""
        return Store(self.engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The one transaction where it has begun: it alone sees what was written in it."""
        if self.joined.connection is not None:
            yield self.joined.connection
        else:
            with Store.reading(self) as connection:
                yield connection

    def wipe(self) -> None:
        """Remember that it was asked for; see ``together``."""
        self.joined.wipes = True

    def beside(self) -> BesideStore:
        """For what is to be written in the transaction while it is open, and at once otherwise."""
        return BesideStore(self.engine, joined=self.joined)


@dataclass(frozen=True, slots=True)
class BesideStore(Store):
    """The one transaction while it is open, else one of its own, such as for a refusal."""

    joined: _Open = field(default_factory=_Open, repr=False)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """See the class."""
        if self.joined.connection is None:
            with Store.writing(self) as connection:
                yield connection
        else:
            with ExitStack() as undo:
                undo.push(self.joined.give_up)
                yield self.joined.connection
