"""Opening the key at an address: module, token, PIN, key, mechanism; then one signature as proof.

What is *not* here: making keys (``making``).
"""

from __future__ import annotations

from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.exceptions import MultipleObjectsReturned, NoSuchKey, PKCS11Error

from healthpassport.errors import KeyMaterialError
from healthpassport.keys.files import read_secret
from healthpassport.keys.pkcs11.address import TokenAddress
from healthpassport.keys.pkcs11.algorithms import ALGORITHMS, prove, read_public_key
from healthpassport.keys.pkcs11.modules import load_module
from healthpassport.keys.pkcs11.signing import KeySession, TokenSigner, may_sign_at_will
from healthpassport.keys.public import PublicKey


def open_signer(
    address: TokenAddress, secret: bytes | None = None, *, after_wrong_pin: bool = False
) -> TokenSigner:
    """The signer of the key at ``address``.

    Args:
        address: which key.
        secret: its PIN, where the address has no ``pin-source``.
        after_wrong_pin: try the PIN although the token was given a wrong one before.

    Raises:
        KeyMaterialError: ``key.pin_missing``, ``key.secret``, ``key.permissions``, ``key.pin``,
            ``key.pin_locked``, ``key.pin_not_tried``; ``key.module``, ``key.token``,
            ``key.missing``, ``key.ambiguous``, ``key.mechanism``, ``key.mismatch``,
            ``key.token_failed``.
    """
    pin = read_pin(address, secret)
    session = KeySession(load_module(address), address, pin, after_wrong_pin)
    try:
        with session.module.use():
            public = _public_key(session)
    except PKCS11Error as error:
        raise KeyMaterialError("key.token_failed", type(error).__name__) from error
    signer = TokenSigner(public, session)
    prove(public, signer.sign)
    return signer


def read_pin(address: TokenAddress, secret: bytes | None) -> str:
    """The PIN, from the address's own file or as it was given.

    Raises:
        KeyMaterialError: ``key.pin_missing`` for none or two, ``key.secret``, ``key.permissions``.
    """
    if (address.pin_source is None) is (secret is None):
        said = "there is none" if secret is None else "there are two"
        raise KeyMaterialError("key.pin_missing", said)
    held = secret or b"" if address.pin_source is None else read_secret(address.pin_source)
    try:
        return held.decode("utf-8")
    except UnicodeDecodeError as error:
        raise KeyMaterialError("key.secret", "a PIN is text") from error


def _public_key(within: KeySession) -> PublicKey:
    """The public half: an object of its own, with the same id or, without one, the same label."""
    key = within.key()
    if key.key_type not in {KeyType.EC, KeyType.EC_EDWARDS}:
        raise KeyMaterialError("key.mechanism", "it is no elliptic curve key")
    if not may_sign_at_will(key):
        raise KeyMaterialError("key.mechanism", "the key asks for its PIN each time")
    identity = bytes(key[Attribute.ID]) or None
    try:
        found = key.session.get_key(
            object_class=ObjectClass.PUBLIC_KEY,
            key_type=key.key_type,
            id=identity,
            label=None if identity else key[Attribute.LABEL],
        )
    except NoSuchKey as error:
        raise KeyMaterialError("key.missing", "the public key beside it") from error
    except MultipleObjectsReturned as error:
        raise KeyMaterialError("key.ambiguous", "several public keys") from error
    public = read_public_key(found, key.key_type)
    mechanism = ALGORITHMS[public.algorithm].mechanism
    if mechanism not in key.session.token.slot.get_mechanisms():
        raise KeyMaterialError("key.mechanism", f"the token has no {mechanism.name}")
    return public
