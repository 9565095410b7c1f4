"""Log records as lines of JSON that can hold nothing of a person.

Rules: what stands in a line is decided by its form, not by the care of whoever logs. Fields are a
closed list, each with its own form; what does not have it is left out. Of the values in a message,
numbers of a few digits, our error codes and our event names are written, anything else as ``…``.
Of an exception its kinds and places are written, never its text, its values or its source. What
another library says is written only as the template that its source holds. What is *not* here:
where lines go, and the time, which the record has.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from healthpassport.encoding import Json, dump_json
from healthpassport.errors import PassportError

CODE: Final = "code"  # of a refusal: one of the words that the formatter was given
HIDDEN: Final = "…"
MAX_NUMBER: Final = 10**8  # an NHS number has ten digits; counts, ports and process ids have fewer
MAX_FRAMES: Final = 12  # of one exception, from where it was raised
MAX_CAUSES: Final = 5
_WORD: Final = re.compile(r"[a-z][a-z_]{0,39}(\.[a-z0-9_]{1,60}){0,2}")  # a code, a state
_TEMPLATE: Final = re.compile(r"[A-Za-z0-9_./{}:~-]{1,200}")

# What a line may hold beside its message. A text has its form; a number is None.
FIELDS: Final[Mapping[str, re.Pattern[str] | None]] = MappingProxyType(
    {
        "app": _WORD,
        "request": re.compile(r"[0-9a-f]{16,32}"),
        "method": re.compile(r"[A-Za-z]{1,7}"),
        "route": _TEMPLATE,
        "status": None,
        "ms": None,
        "entry": None,
        "head": re.compile(r"[A-Za-z0-9_-]{43}"),  # the hash at the end of the audit trail
        "version": None,
        "sent": None,
        "failed": None,
    }
)


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON.

    Args:
        own: the first parts of the names of loggers whose messages are constants of ours.
        words: texts that may stand in a message: error codes and names of events.
    """

    def __init__(self, *, own: Collection[str], words: Collection[str] = ()) -> None:
        super().__init__()
        self._own = frozenset(own)
        self._words = frozenset(words)

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Json] = {
            "at": at,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": self._event(record),
            **dict(_fields(record)),
        }
        if record.__dict__.get(CODE) in self._words:
            line[CODE] = record.__dict__[CODE]
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = list(_causes(record.exc_info[1]))
        return dump_json(line).decode()

    def _event(self, record: logging.LogRecord) -> str:
        if record.name.partition(".")[0] in self._own:
            return self._filled(record)
        if record.args and isinstance(record.msg, str):
            return record.msg  # a template that was not filled: it is of the library's source
        return f"{record.module}:{record.lineno}"

    def _filled(self, record: logging.LogRecord) -> str:
        message = str(record.msg)
        if not record.args:
            return message
        values = record.args if isinstance(record.args, tuple) else (record.args,)
        try:
            return message % tuple(self._plain(value) for value in values)
        except (TypeError, ValueError):  # a %d of something that is hidden
            return message

    def _plain(self, value: object) -> object:
        if isinstance(value, PassportError):
            return value.code
        if isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < MAX_NUMBER):
            return value
        return value if isinstance(value, str) and value in self._words else HIDDEN


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, Json]]:
    for name, form in FIELDS.items():
        value = record.__dict__.get(name)
        if form is None:
            if isinstance(value, int | float) and abs(value) < MAX_NUMBER:
                yield name, value
        elif isinstance(value, str) and form.fullmatch(value):
            yield name, value


def _causes(error: BaseException) -> Iterator[Json]:
    """The exception and those behind it: what kind, and where, the innermost place first."""
    following: BaseException | None = error
    for _ in range(MAX_CAUSES):
        if following is None:
            return
        kind = type(following)
        told: dict[str, Json] = {"kind": f"{kind.__module__}.{kind.__qualname__}"}
        if isinstance(following, PassportError):
            told["code"] = following.code
        told["at"] = list(_places(following))
        yield told
        following = following.__cause__ or following.__context__


def _places(error: BaseException) -> Iterator[Json]:
    frames = [*traceback.walk_tb(error.__traceback__)]
    for frame, number in reversed(frames[-MAX_FRAMES:]):
        yield f"{frame.f_globals.get('__name__', '')}:{number} {frame.f_code.co_name}"
