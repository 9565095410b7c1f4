"""How it went at each surgery, for the commands that ask one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from . import session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.service.outcomes import Outcome


def outcomes(done: Iterable[Outcome], *, as_json: bool) -> None:
    """Each surgery's outcome; exit code 1 where one did not end well."""
    told = tuple(done)
    if as_json:
        rows: list[Json] = [one.wire() for one in told]
        session.answer({"surgeries": rows})
    for one in () if as_json else told:
        stopped = " The old device is stopped." if one.stopped else ""
        session.show(f"{one.issuer}: {one.title}{stopped}")
        for note in one.notes:
            if not note.nothing:
                session.show(f"  {note.title(one.language)}")
                for line in note.lines(one.language):
                    session.show(f"    {line}")
        if one.code:
            session.say(one.next_step)
    if any(not one.done for one in told):
        raise typer.Exit(1)
