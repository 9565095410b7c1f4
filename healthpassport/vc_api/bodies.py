"""What callers send, taken apart: a document and the options that are understood.

Options that no specification here knows are left unread, as the VC-API asks. What is *not* here:
whether the document is any good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Request:
    """A document and the options beside it."""

    document: Json
    options: JsonObject

    def text(self, name: str) -> str | None:
        """An option that is a text, or None where it is absent."""
        value = self.options.get(name)
        if value is None or isinstance(value, str):
            return value
        raise ProtocolError("vcapi.request", f"options.{name} must be a string")

    def texts(self, name: str) -> tuple[str, ...] | None:
        """An option that is an array of texts, or None where it is absent."""
        value = self.options.get(name)
        if value is None:
            return None
        found = value if isinstance(value, list) else []
        texts = tuple(entry for entry in found if isinstance(entry, str))
        if not isinstance(value, list) or len(texts) != len(value):
            raise ProtocolError("vcapi.request", f"options.{name} must be an array of strings")
        return texts


def read(body: Json, name: str) -> Request:
    """The request whose document stands in the member ``name``.

    Raises:
        ProtocolError: ``vcapi.request`` for a body of another shape.
    """
    if not isinstance(body, Mapping) or name not in body:
        raise ProtocolError("vcapi.request", f"the body must be an object with {name}")
    options = body.get("options", {})
    if not isinstance(options, Mapping):
        raise ProtocolError("vcapi.request", "options must be an object")
    return Request(body[name], options)


def document(request: Request, name: str) -> JsonObject:
    """The document of ``request``, which must be an object (else ``vcapi.request``)."""
    if not isinstance(request.document, Mapping):
        raise ProtocolError("vcapi.request", f"{name} must be an object")
    return request.document
