"""What a health passport is: records, formats, protocols, trust, status and verification.

The core has no web server, no database and no clock: ``now``, fetcher, signer and randomness are
arguments. The applications (issuer, wallet, verifier, authority) stand on it and not on each other.
"""
