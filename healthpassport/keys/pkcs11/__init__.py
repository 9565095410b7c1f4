"""Keys in hardware and its like, behind PKCS #11: the address (RFC 7512), and the signer.

``address`` reads URIs and needs nothing installed; everything else needs the extra ``pkcs11`` and
is imported where a ``pkcs11:`` key is opened, and only there. Exported is nothing, so that the
scheme can be named without the library. What is *not* here: which scheme is opened by whom
(``keys.uris``) and certificates that a token may hold.
"""
