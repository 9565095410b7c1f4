"""The module of a token (a shared library): loaded once, used by one thread at a time.

Rules (PKCS #11, C_Initialize): the library's wrapper initialises without saying that threads will
call at once, so that they must not, and ``Module.use`` sees to it. A process that was forked after
that is refused: its copy of the module would talk on its parent's connection, and ending the copy
hangs in some modules. Several processes that each open the key sign side by side. What is *not*
here: sessions (``signing``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import pkcs11
from pkcs11.exceptions import PKCS11Error

from healthpassport.errors import KeyMaterialError
from healthpassport.keys.pkcs11.address import TokenAddress

# Where distributions put modules; a module elsewhere is named by module-path.
FOLDERS: Final = (
    "/usr/lib/pkcs11",
    "/usr/lib64/pkcs11",
    "/usr/local/lib/pkcs11",
    "/usr/lib/softhsm",
    "/usr/lib64/softhsm",
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu/pkcs11",
)


@dataclass(slots=True)
class Module:
    """A loaded module, for one thread at a time and for the process that loaded it."""

    library: pkcs11._pkcs11.lib
    name: str
    _inherited: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)

    @contextmanager
    def use(self) -> Iterator[None]:
        """The module for the caller alone.

        Raises:
            KeyMaterialError: ``key.forked`` in a child of the process that loaded it.
        """
        with self._lock:
            if self._inherited:
                raise KeyMaterialError("key.forked", self.name)
            yield

    def inherit(self) -> None:
        """In a child process: the lock may be held by a thread that is not here."""
        self._lock, self._inherited = Lock(), True

    def token(self, address: TokenAddress) -> pkcs11.Token:
        """The one token that ``address`` names; to be called within ``use``.

        Raises:
            KeyMaterialError: ``key.token``, ``key.ambiguous``.
        """
        try:
            slots = self.library.get_slots(token_present=True)
        except PKCS11Error as error:
            raise KeyMaterialError("key.token", address.name) from error
        found = [token for token in map(_token_in, slots) if token and _matches(token, address)]
        if not found:
            raise KeyMaterialError("key.token", address.name)
        if len(found) > 1:
            raise KeyMaterialError("key.ambiguous", "several tokens")
        return found[0]


# A module's state is the process's own, whoever asks for it.
_LOADED: dict[str, Module] = {}
_LOADING: Final = Lock()


def _inherited() -> None:
    for module in _LOADED.values():
        module.inherit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_inherited)


def load_module(address: TokenAddress) -> Module:
    """The module that ``address`` names.

    Raises:
        KeyMaterialError: ``key.module`` where it is missing or does not start.
    """
    path = _path(address)
    with _LOADING:
        if str(path) not in _LOADED:
            try:
                library = pkcs11.lib(str(path))
            except (PKCS11Error, OSError, RuntimeError) as error:
                raise KeyMaterialError("key.module", path.name) from error
            _LOADED[str(path)] = Module(library, path.name)
        return _LOADED[str(path)]


def _path(address: TokenAddress) -> Path:
    """RFC 7512 section 2.4: a module name stands for a file by the system's conventions."""
    if address.module_path is not None:
        return address.module_path
    name = address.module_name
    for folder in FOLDERS:
        for file in (f"lib{name}.so", f"{name}.so"):
            if (path := Path(folder) / file).is_file():
                return path
    raise KeyMaterialError("key.module", name)


def _token_in(slot: pkcs11.Slot) -> pkcs11.Token | None:
    """The token in ``slot``; one that is broken must not hide the others."""
    try:
        return slot.get_token()
    except PKCS11Error:
        return None


def _matches(token: pkcs11.Token, address: TokenAddress) -> bool:
    return (
        address.token in {"", token.label}
        and address.serial.encode() in {b"", token.serial}
        and address.manufacturer in {"", token.manufacturer_id}
        and address.model in {"", token.model}
        and address.slot_id in {None, token.slot.slot_id}
    )
