"""JOSE: signed messages (``jws``), encrypted messages (``jwe``) and the times in them (``times``).

One strict parser stands in front of every library: RFC 7515, RFC 7516, RFC 7519 and the advice of
RFC 8725. What is *not* here: what a message says (formats, protocols, status, trust).
"""
