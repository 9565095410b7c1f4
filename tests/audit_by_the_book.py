"""An audit trail read by docs/audit.md alone: the standard library, and one check of a signature.

It imports nothing of the project, so that what the page leaves out is missing here as well. It says
whether a file is whole, and no more.
"""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

ENTRY = {"version", "tenant", "trail", "seq", "prev", "at", "event", "who", "about", "facts"}
HEAD = {"version", "tenant", "trail", "seq", "hash", "at"}
WHO = {"organisation", "desk", "subject", "role"}


class NotWholeError(Exception):
    """The trail was touched, or is none."""


def need(condition):
    if not condition:
        raise NotWholeError


def canonical(value):
    """RFC 8785, as far as an entry needs it: no fractions; names of members are ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def unpadded(text):
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text)
    return data


def head(token, certificates):
    """What a head says, signed by one of ``certificates`` (DER) with ES256."""
    need(token.count(".") == 2)
    protected, payload, signature = token.split(".")
    header, told = json.loads(unpadded(protected)), json.loads(unpadded(payload))
    leaf = base64.b64decode(header["x5c"][0])
    octets = unpadded(signature)
    need(header["typ"] == "hp-audit-head+jwt" and header["alg"] == "ES256")
    need(leaf in certificates and len(octets) == 64)
    r, s = (int.from_bytes(part, "big") for part in (octets[:32], octets[32:]))
    key = x509.load_der_x509_certificate(leaf).public_key()
    signed = f"{protected}.{payload}".encode()
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    need(set(told) == HEAD and told["version"] == 1)
    return told


def whole(data, certificates, kept=()):
    """Whether the file ``data`` is whole, held against heads that were ``kept`` elsewhere."""
    try:
        check(data, certificates, kept)
    except (NotWholeError, InvalidSignature, ValueError, KeyError, TypeError, IndexError):
        return False
    return True


def check(data, certificates, kept):
    need(data.endswith(b"\n"))
    lines = data[:-1].split(b"\n")
    rows = []
    for line in lines:
        need(len(line) <= 16_384)
        rows.append(json.loads(line))
        need(canonical(rows[-1]) == line)
    need(set(rows[-1]) == {"head"})
    end = head(rows.pop()["head"], certificates)
    base = None
    if rows and set(rows[0]) == {"base"}:
        base = head(rows.pop(0)["base"], certificates)
    need(rows)
    first = base or rows[0]["entry"]
    tenant, trail = first["tenant"], first["trail"]
    seq = base["seq"] if base else 0
    start = digest(canonical({"tenant": tenant, "trail": trail, "version": 1}))
    before = base["hash"] if base else start
    found = {}
    for row in rows:
        need(set(row) == {"entry", "hash"})
        entry = row["entry"]
        need(set(entry) == ENTRY and set(entry["who"]) == WHO and entry["version"] == 1)
        need((entry["tenant"], entry["trail"]) == (tenant, trail))
        seq += 1
        need(entry["seq"] == seq and entry["prev"] == before)
        before = digest(canonical(entry))
        need(row["hash"] == before)
        found[seq] = before
    need((end["seq"], end["hash"]) == (seq, before))
    for one in (end, *(head(token, certificates) for token in kept)):
        need((one["tenant"], one["trail"]) == (tenant, trail))
        need(one["seq"] <= seq and found.get(one["seq"], one["hash"]) == one["hash"])
