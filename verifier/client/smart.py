"""The desk's sign-in at the hospital's server, told in the hospital's words.

What is *not* here: the sign-in itself (``healthpassport.protocols.smart``).
"""

from __future__ import annotations

from typing import Final

from healthpassport.errors import ProtocolError, ServiceError, SettingsError
from healthpassport.protocols import smart
from healthpassport.protocols.smart import ClientKey

_CODES: Final = {
    "smart.unreachable": "hospital.unreachable",
    "smart.answer": "hospital.answer",
    "smart.sign_in": "hospital.sign_in",
}


class Smart(smart.Smart):
    """See the module."""

    def token(self) -> str:
        """An access token that is good for a while.

        Raises:
            ServiceError: ``hospital.unreachable``, ``hospital.answer`` or ``hospital.sign_in``.
        """
        try:
            return super().token()
        except ProtocolError as error:
            raise ServiceError(_CODES[error.code], error.detail) from error


def load_client_key(uri: str, passphrase: bytes | None = None) -> ClientKey:
    """The key at ``uri``: P-384 as every key of the desk, or RSA in a PEM file.

    Raises:
        SettingsError: ``hospital.setup``.
    """
    try:
        return smart.load_client_key(uri, passphrase)
    except ProtocolError as error:
        raise SettingsError("hospital.setup", error.detail) from error
