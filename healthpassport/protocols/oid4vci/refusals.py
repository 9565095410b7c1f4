"""How a refusal looks on the wire of OpenID4VCI and OAuth.

RFC 6749 section 5.2 and OpenID4VCI 1.0 sections 6.3, 8.3.1 and 11.3: ``error`` is a name of the
specification. Beside it stand our ``code`` and ``help``, which both allow as further members.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from healthpassport.errors import PassportError, ProtocolError

AREA: Final = "oid4vci."
DETAILS: Final = "authorization_details"
# RFC 6749 section 5.2: error_description holds no quotation mark, backslash or control character.
_FORBIDDEN: Final = str.maketrans({'"': "'", "\\": "/"})


class WireModel(BaseModel):
    """A message as received. OpenID4VCI has unknown members ignored, so they are."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


def oauth_error(error: PassportError, *, otherwise: str = "invalid_request") -> dict[str, str]:
    """``error`` as an OAuth error object; one of another area is named ``otherwise``."""
    code = error.code
    name = code.removeprefix(AREA) if code.startswith(AREA) else otherwise
    if "." not in code:  # rate_limited, forbidden, not_found: the same word everywhere
        name = code
    said = "".join(c for c in (error.detail or error.title).translate(_FORBIDDEN) if " " <= c < "~")
    return {"error": name, "error_description": said, "code": code, "help": error.hint}


def where(error: ValidationError) -> str:
    """The first place that ``error`` complains of, without the value that stood there."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the message'}: {first['type']}"


def refuse_form(error: ValidationError) -> ProtocolError:
    """The refusal of a form; RFC 9396 section 5 has a name of its own for one parameter."""
    place = error.errors(include_input=False, include_url=False)[0]["loc"]
    name = "invalid_authorization_details" if place[:1] == (DETAILS,) else "invalid_request"
    return refuse(name, error)


def refuse(name: str, error: ValidationError | None = None, detail: str = "") -> ProtocolError:
    """The refusal ``name`` of this protocol."""
    return ProtocolError(AREA + name, detail if error is None else where(error))
