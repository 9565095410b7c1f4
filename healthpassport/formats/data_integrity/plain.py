"""May the JSON of a verified document be read by its members' names?

A proof over statements does not sign names: under another context, or written as an IRI or with
keywords, ``validUntil`` or ``credentialStatus`` can be spelt so that the statements stay the same
and a reader of JSON no longer finds them. VC Data Integrity 1.0 section 4.6 (Context Validation).
What is *not* here: which contexts a kind of credential has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError

_CONTEXT: Final = "@context"


def check_plain(document: JsonObject, *, expected_context: Json) -> None:
    """Return only where ``document`` has the very context and plain names alone.

    Refused are another context, one inside the document, JSON-LD keywords and members named by an
    IRI or a compact one (they hold ``:``). Call it before a document is read that only a proof over
    statements vouches for.

    Raises:
        CredentialError: ``di.context``.
    """
    # Step 3: deeply equal, and no subtree has a context of its own.
    if document.get(_CONTEXT) != expected_context:
        raise CredentialError("di.context", "the context is not the one expected")
    pending: list[Json] = [{n: value for n, value in document.items() if n != _CONTEXT}]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            if any(":" in name or name.startswith("@") for name in value):
                raise CredentialError("di.context", "a member is named by an IRI or a keyword")
            pending += value.values()
        elif isinstance(value, list):
            pending += value
