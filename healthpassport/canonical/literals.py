"""RDF literals as canonical N-Quads writes them.

RDFC-1.0 section 5.2 (canonical form of N-Quads) for text, JSON-LD 1.1 API section 8.2 for JSON's
own numbers and booleans and for @json. What is *not* here: which datatype a member has (keys.py).
"""

from __future__ import annotations

import re
from typing import Final

from healthpassport.canonical.iris import RDF, XSD
from healthpassport.encoding import Json, jcs
from healthpassport.errors import CredentialError

_LARGE: Final = 10**21  # JSON-LD 1.1 API section 8.2.2 step 10: from here on a double
_ESCAPES: Final = {code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)} | {
    ord("\\"): "\\\\",
    ord('"'): '\\"',
    8: "\\b",
    9: "\\t",
    10: "\\n",
    12: "\\f",
    13: "\\r",
}
_ZEROS: Final = re.compile(r"0*E([+-])0*(?=\d)")
_JSON: Final = f"^^<{RDF}JSON>"


def quoted(text: str) -> str:
    """``text`` in quotation marks, escaped where it must be and nowhere else."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{text.translate(_ESCAPES)}"'


def suffix(datatype: str | None) -> str:
    """What follows the text of a literal of ``datatype`` (None: a string)."""
    return "" if datatype is None or datatype == XSD + "string" else f"^^<{datatype}>"


def native(value: float, datatype: str | None) -> str:
    """A JSON number or boolean as a literal (JSON-LD 1.1 API section 8.2.2 steps 9 to 11).

    Raises:
        CredentialError: ``jsonld.invalid`` for a number that is not finite.
    """
    if value is True or value is False:
        return f'"{str(value).lower()}"{suffix(datatype or XSD + "boolean")}'
    if isinstance(value, float) and value - value != 0:
        raise CredentialError("jsonld.invalid", "a number is not finite")
    if datatype == XSD + "double" or value % 1 != 0 or abs(value) >= _LARGE:
        return f'"{_double(value)}"{suffix(datatype or XSD + "double")}'
    return f'"{int(value)}"{suffix(datatype or XSD + "integer")}'


def _double(value: float) -> str:
    """The canonical form of xsd:double with 16 digits, as every implementation writes it."""
    text = _ZEROS.sub(r"E\1", f"{float(value):.15E}").replace("E+", "E")
    return text.replace(".E", ".0E")


def json_literal(value: Json) -> str:
    """Any JSON as one literal in the JSON Canonicalization Scheme (RFC 8785).

    Raises:
        EncodingError: see ``encoding.jcs``.
    """
    return quoted(jcs(value).decode()) + _JSON
