"""What is held as bytes and back, exactly: what comes out equals what went in.

The form follows the types: a dataclass is the list of its members in their order, so that a member
that is added takes part without a line here. It is read by the same release that wrote it; bytes of
another form are refused. What is *not* here: sealing, and the JSON itself (``encoding``).
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from healthpassport.encoding import Json, dump_json, parse_json
from healthpassport.errors import EncodingError, ServiceError

from .holding import Held

MAX_BYTES: Final = 16 * 1_048_576  # an answer of one body, told twice, with room
MAX_DEPTH: Final = 64  # a token's own depth and what is around it


@dataclass(frozen=True, slots=True)
class _Form:
    """How values of one type become JSON, and back."""

    pack: Callable[[Any], Json]
    unpack: Callable[[Any], Any]


def pack(held: Held) -> bytes:
    """``held`` as bytes."""
    return dump_json(_form(Held).pack(held))


def unpack(data: bytes) -> Held:
    """What ``pack`` was given.

    Raises:
        ServiceError: ``verifier.holding_key`` for bytes of another form.
    """
    try:
        held: Held = _form(Held).unpack(parse_json(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH))
    except (EncodingError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ServiceError("verifier.holding_key", "it is of another release") from error
    return held


@cache
def _form(kind: Any) -> _Form:  # noqa: ANN401 - a type, also one of typing's own
    """The form of ``kind``; TypeError for a type that none is known of."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _Form(lambda value: value.value, kind)
    if dataclasses.is_dataclass(kind):
        return _members(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Mapping:
        return _mapping(inner[1])
    if origin is tuple:
        return _several(inner[0])
    if origin in {Union, types.UnionType} and type(None) in inner:
        return _maybe(next(one for one in inner if one is not type(None)))
    message = f"no form of {kind} is known"
    raise TypeError(message)


def _members(kind: Any) -> _Form:  # noqa: ANN401 - any dataclass
    hints = _hints(kind)
    members = [(field.name, _form(hints[field.name])) for field in dataclasses.fields(kind)]

    def pack_all(value: Any) -> Json:  # noqa: ANN401
        return [form.pack(getattr(value, name)) for name, form in members]

    def unpack_all(value: Sequence[Any]) -> Any:  # noqa: ANN401
        return kind(*(form.unpack(one) for (_, form), one in zip(members, value, strict=True)))

    return _Form(pack_all, unpack_all)


def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """The types of the members; any JSON stands for itself."""
    return get_type_hints(kind, localns={"Json": Any, "JsonObject": Any})


def _mapping(inner: Any) -> _Form:  # noqa: ANN401
    form = _form(inner)
    return _Form(
        lambda value: {name: form.pack(one) for name, one in value.items()},
        lambda value: {name: form.unpack(one) for name, one in value.items()},
    )


def _several(inner: Any) -> _Form:  # noqa: ANN401
    form = _form(inner)
    return _Form(
        lambda value: [form.pack(one) for one in value],
        lambda value: tuple(form.unpack(one) for one in value),
    )


def _maybe(inner: Any) -> _Form:  # noqa: ANN401
    form = _form(inner)
    return _Form(
        lambda value: None if value is None else form.pack(value),
        lambda value: None if value is None else form.unpack(value),
    )


def _same(value: Any) -> Any:  # noqa: ANN401
    return value


_PLAIN: Final[Mapping[Any, _Form]] = {
    **dict.fromkeys((str, int, bool, Any), _Form(_same, _same)),
    datetime: _Form(datetime.isoformat, datetime.fromisoformat),
    date: _Form(date.isoformat, date.fromisoformat),
    timedelta: _Form(
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda value: timedelta(*value),
    ),
}
