"""Addresses of keys on tokens: ``pkcs11:`` URIs (RFC 7512), read strictly.

Rules: one module, one token and one key are named; an attribute stands once; what is not known here
is refused, since leaving it out would widen the match. The PIN comes from a file: ``pin-value`` is
refused (a URI stands in settings, logs and process lists), and so is a command as ``pin-source``
(section 7: a URI must not run programs). What is *not* here: opening anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from healthpassport.errors import KeyMaterialError

SCHEME: Final = "pkcs11"
MAX_CHARS: Final = 4_096  # of a URI: four paths at their longest would still be a mistake
_PATH_NAMES: Final = frozenset(
    {"token", "serial", "manufacturer", "model", "slot-id", "object", "id", "type"}
)
_QUERY_NAMES: Final = frozenset({"module-path", "module-name", "pin-source", "pin-value"})
# Section 2.3, pk11-pchar and pk11-qchar: unreserved, a few reserved ones, or percent-encoded.
_PATH_VALUE: Final = re.compile(r"(?:[A-Za-z0-9._~:\[\]@!$'()*+,=&-]|%[0-9A-Fa-f]{2})*")
_QUERY_VALUE: Final = re.compile(r"(?:[A-Za-z0-9._~:\[\]@!$'()*+,=/?|-]|%[0-9A-Fa-f]{2})*")
_MODULE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_SLOT: Final = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """Which key on which token behind which module, and the file with the PIN.

    Empty text, and None for ``slot_id``, mean that the URI leaves it open. Exactly one of
    ``module_path`` and ``module_name`` is given.
    """

    module_path: Path | None
    module_name: str
    token: str
    serial: str
    manufacturer: str
    model: str
    slot_id: int | None
    object: str
    id: bytes
    pin_source: Path | None

    @property
    def name(self) -> str:
        """How errors and lists speak of the key: token and object, nothing else."""
        return f"{self.token or self.serial}/{self.object or self.id.hex()}"


def parse(uri: str) -> TokenAddress:
    """The address that ``uri`` spells.

    Raises:
        KeyMaterialError: ``key.pin_value`` where a PIN stands in it, else ``key.uri``.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon or scheme.lower() != SCHEME or len(uri) > MAX_CHARS:
        raise KeyMaterialError("key.uri", "it is no pkcs11: address")
    path, _, query = rest.partition("?")
    asked = _attributes(query, "&", _QUERY_NAMES, _QUERY_VALUE)
    if "pin-value" in asked:
        raise KeyMaterialError("key.pin_value")
    named = _attributes(path, ";", _PATH_NAMES, _PATH_VALUE)
    if named.get("type", b"private") != b"private":
        raise KeyMaterialError("key.uri", "only type=private signs")
    module_path, module_name = _module(asked)
    found = TokenAddress(
        module_path=module_path,
        module_name=module_name,
        token=_text(named, "token"),
        serial=_text(named, "serial"),
        manufacturer=_text(named, "manufacturer"),
        model=_text(named, "model"),
        slot_id=_slot(named),
        object=_text(named, "object"),
        id=named.get("id", b""),
        pin_source=_pin_source(asked),
    )
    if not (found.token or found.serial):
        raise KeyMaterialError("key.uri", "it names no token: token= or serial=")
    if not (found.object or found.id):
        raise KeyMaterialError("key.uri", "it names no key: object= or id=")
    return found


def _attributes(
    text: str, separator: str, names: frozenset[str], value_form: re.Pattern[str]
) -> Mapping[str, bytes]:
    """The attributes of one component, decoded; each once (section 2.3)."""
    found: dict[str, bytes] = {}
    for part in text.split(separator) if text else ():
        name, equals, value = part.partition("=")
        if not equals or name not in names:
            # The text itself is not repeated: a PIN may have been put in the wrong place.
            raise KeyMaterialError("key.uri", "it has an attribute that is not known here")
        if name in found:
            raise KeyMaterialError("key.uri", f"{name} stands twice")
        if value_form.fullmatch(value) is None:
            raise KeyMaterialError("key.uri", f"{name} has characters to be percent-encoded")
        found[name] = unquote_to_bytes(value)
    return found


def _text(found: Mapping[str, bytes], name: str) -> str:
    """Section 2.4: every value but that of ``id`` is UTF-8."""
    try:
        text = found.get(name, b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise KeyMaterialError("key.uri", f"{name} is no UTF-8") from error
    if name in found and (not text or "\0" in text):
        raise KeyMaterialError("key.uri", f"{name} is empty or holds a zero octet")
    return text


def _slot(found: Mapping[str, bytes]) -> int | None:
    text = _text(found, "slot-id")
    if not text:
        return None
    if _SLOT.fullmatch(text) is None:
        raise KeyMaterialError("key.uri", "slot-id is no number")
    return int(text)


def _module(found: Mapping[str, bytes]) -> tuple[Path | None, str]:
    """Section 2.4: both together SHOULD be avoided; here one is needed, and one suffices."""
    path, name = _text(found, "module-path"), _text(found, "module-name")
    if bool(path) is bool(name):
        raise KeyMaterialError("key.uri", "one of module-path and module-name is needed")
    if path and not Path(path).is_absolute():
        raise KeyMaterialError("key.uri", "module-path begins with a slash")
    if name and _MODULE_NAME.fullmatch(name) is None:
        raise KeyMaterialError("key.uri", "module-name is a plain name")
    return (Path(path) if path else None), name


def _pin_source(found: Mapping[str, bytes]) -> Path | None:
    text = _text(found, "pin-source")
    if not text:
        return None
    path = text.removeprefix("file://").removeprefix("file:")
    if not path.startswith("/"):
        raise KeyMaterialError("key.uri", "pin-source is file: and an absolute path")
    return Path(path)
