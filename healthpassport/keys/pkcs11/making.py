"""Making a key on a token: it is born there, cannot be read out, and is never overwritten.

What is *not* here: making tokens and PINs; the module's own tools do that (docs/keys.md).
"""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import Final

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PKCS11Error

from healthpassport.errors import KeyMaterialError
from healthpassport.keys.pkcs11.address import TokenAddress
from healthpassport.keys.pkcs11.algorithms import curve_parameters
from healthpassport.keys.pkcs11.modules import load_module
from healthpassport.keys.pkcs11.opening import open_signer, read_pin
from healthpassport.keys.pkcs11.signing import KeySession, TokenSigner
from healthpassport.keys.public import EDDSA

_ID_BYTES: Final = 8
_EDWARDS25519: Final = b"\x13\x0cedwards25519"  # a PrintableString (PKCS #11, Edwards curves)


def make_signer(
    address: TokenAddress, secret: bytes | None = None, *, algorithm: str
) -> TokenSigner:
    """A new key for ``algorithm`` on the token that ``address`` names, and its signer.

    Raises:
        KeyMaterialError: ``key.exists`` where there is one of that name, ``key.mechanism`` for an
            algorithm that the token has not, and as ``opening.open_signer``.
    """
    if not address.object:
        raise KeyMaterialError("key.uri", "a new key is named by object=")
    module = load_module(address)
    opened = KeySession(module, address, read_pin(address, secret))
    try:
        with (
            module.use(),
            closing(opened.logged_in(module.token(address), writing=True)) as session,
        ):
            if _taken(session, address):
                raise KeyMaterialError("key.exists", address.name)
            _generate(session, address, algorithm)
    except PKCS11Error as error:
        raise KeyMaterialError("key.token_failed", type(error).__name__) from error
    return open_signer(address, secret)


def _taken(session: pkcs11.Session, address: TokenAddress) -> bool:
    wanted = {Attribute.LABEL: address.object}
    return any(
        True
        for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY)
        for _ in session.get_objects({Attribute.CLASS: kind, **wanted})
    )


def _generate(session: pkcs11.Session, address: TokenAddress, algorithm: str) -> None:
    edwards = algorithm == EDDSA
    kind = KeyType.EC_EDWARDS if edwards else KeyType.EC
    curve = _EDWARDS25519 if edwards else curve_parameters(algorithm)
    parameters = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
    parameters.generate_keypair(
        mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN if edwards else Mechanism.EC_KEY_PAIR_GEN,
        id=address.id or secrets.token_bytes(_ID_BYTES),
        label=address.object,
        store=True,
        private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    )
