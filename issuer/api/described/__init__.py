"""The OpenAPI document of the routes that wallets and everybody use (docs/openapi/wallets.json).

What they mean stands in OpenID4VCI 1.0 and the issuer's own metadata; this says which addresses,
bodies, answers and refusals there are. What is *not* here: the pages of a patient's sign-in, which
are for people, and the API for record systems (``issuer.api.systems``).
"""

from .document import document

__all__ = ["document"]
