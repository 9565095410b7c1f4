"""A signer whose private key stays on its token.

Rules: the module does one thing at a time (``modules``), so that each key has one session; when a
token or its sessions are lost they are opened again, once; a PIN that was wrong is never given
again, neither by this process nor by the next one, since tokens lock after a few. What is *not*
here: which key (``opening``).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import pkcs11
from pkcs11 import Attribute, ObjectClass, SignMixin, TokenFlag
from pkcs11.exceptions import (
    MechanismInvalid,
    MultipleObjectsReturned,
    NoSuchKey,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)

from healthpassport.errors import KeyMaterialError
from healthpassport.keys.pkcs11.address import TokenAddress
from healthpassport.keys.pkcs11.algorithms import ALGORITHMS, TokenAlgorithm
from healthpassport.keys.pkcs11.modules import Module
from healthpassport.keys.public import PublicKey

_WRONG_PIN: Final = (PinIncorrect, PinInvalid, PinLenRange, PinExpired)


@dataclass(slots=True)
class KeySession:
    """The session in which one key is used, opened when it is needed.

    Every method is called within ``module.use()``. ``after_wrong_pin`` says that the PIN is tried
    although the token was given a wrong one before.
    """

    module: Module
    address: TokenAddress
    pin: str = field(repr=False)
    after_wrong_pin: bool = False
    _pin_refused: bool = False
    _session: pkcs11.Session | None = field(default=None, repr=False)
    _key: SignMixin | None = field(default=None, repr=False)

    def key(self) -> SignMixin:
        """The private key, in a session that is open.

        Raises:
            KeyMaterialError: ``key.token``, ``key.missing``, ``key.ambiguous``, ``key.mechanism``,
                ``key.pin``, ``key.pin_locked``, ``key.pin_not_tried``.
        """
        if self._key is None:
            self._session = self.logged_in(self.module.token(self.address))
            self._key = self._found(self._session)
        return self._key

    def drop(self) -> None:
        """Close the session: the token lost it, or went away."""
        if self._session is not None:
            with suppress(PKCS11Error):  # it is gone already, or the token is
                self._session.close()
        self._session = self._key = None

    def logged_in(self, token: pkcs11.Token, *, writing: bool = False) -> pkcs11.Session:
        """A bare session with ``token``, whose PIN was given; raises as ``key``."""
        self._refuse_more_tries(token)
        try:
            return token.open(user_pin=self.pin, rw=writing)
        except UserAlreadyLoggedIn:
            # Login holds for all sessions of a process with a token: another key's will do.
            return self._plain(token, writing=writing)
        except _WRONG_PIN as error:
            self._pin_refused = True
            raise KeyMaterialError("key.pin", self.address.name) from error
        except PinLocked as error:
            self._pin_refused = True
            raise KeyMaterialError("key.pin_locked", self.address.name) from error
        except PKCS11Error as error:
            raise KeyMaterialError("key.token", self.address.name) from error

    def _plain(self, token: pkcs11.Token, *, writing: bool) -> pkcs11.Session:
        try:
            return token.open(rw=writing)
        except PKCS11Error as error:
            raise KeyMaterialError("key.token", self.address.name) from error

    def _found(self, session: pkcs11.Session) -> SignMixin:
        try:
            key = session.get_key(
                object_class=ObjectClass.PRIVATE_KEY,
                label=self.address.object or None,
                id=self.address.id or None,
            )
        except NoSuchKey as error:
            raise KeyMaterialError("key.missing", self.address.name) from error
        except MultipleObjectsReturned as error:
            raise KeyMaterialError("key.ambiguous", "several keys") from error
        if not isinstance(key, SignMixin):
            raise KeyMaterialError("key.mechanism", "the token says that the key does not sign")
        return key

    def _refuse_more_tries(self, token: pkcs11.Token) -> None:
        """A service that starts again and again would lock the token with one wrong PIN."""
        if self._pin_refused:
            raise KeyMaterialError("key.pin", "it was refused before")
        if token.flags & TokenFlag.USER_PIN_LOCKED:
            raise KeyMaterialError("key.pin_locked", self.address.name)
        if token.flags & TokenFlag.USER_PIN_COUNT_LOW and not self.after_wrong_pin:
            raise KeyMaterialError("key.pin_not_tried", self.address.name)


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A signer whose key is on a token; safe to use from several threads."""

    public_key: PublicKey
    session: KeySession = field(repr=False, compare=False)

    @property
    def algorithm(self) -> str:
        """The JOSE name of the signature algorithm."""
        return self.public_key.algorithm

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message`` in JOSE form.

        Raises:
            KeyMaterialError: ``key.token`` and others when the token went away and did not come
                back, ``key.token_failed`` when it is there and does not sign.
        """
        how = ALGORITHMS[self.algorithm]
        prepared = how.prepared(message)
        with self.session.module.use():
            try:
                return self._signed(prepared, how)
            except PKCS11Error:
                # Sessions end when a token is taken out, or its server starts anew: once more.
                self.session.drop()
            try:
                return self._signed(prepared, how)
            except MechanismInvalid as error:
                raise KeyMaterialError("key.mechanism", how.mechanism.name) from error
            except PKCS11Error as error:
                self.session.drop()
                raise KeyMaterialError("key.token_failed", type(error).__name__) from error

    def _signed(self, prepared: bytes, how: TokenAlgorithm) -> bytes:
        return bytes(self.session.key().sign(prepared, mechanism=how.mechanism))


def may_sign_at_will(key: SignMixin) -> bool:
    """Whether the key signs without the PIN being given at each signature."""
    try:
        return not key[Attribute.ALWAYS_AUTHENTICATE]
    except PKCS11Error:
        return True  # an attribute that older tokens do not know
