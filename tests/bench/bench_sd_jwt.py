"""SD-JWT beside its Python peers, on the published benchmark inputs, in one run.

CPU time of this process, the median of several rounds. The ratio is the figure: absolute times
differ between machines. Run it with ``make bench``.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import secrets
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from jwcrypto.jwk import JWK
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from healthpassport.credential import Challenge
from healthpassport.formats import sd_jwt_vc
from healthpassport.formats.sd_jwt import Decoys
from healthpassport.keys import Signer, generate_signer

INPUTS: Final = Path(__file__).resolve().parents[3] / "shared" / "bench" / "inputs"
ROUNDS: Final = 9
ROUND_SECONDS: Final = 0.15
REGISTERED: Final = ("iss", "iat", "nbf", "exp")
CHALLENGE: Final = Challenge(
    nonce="dGhpcyBpcyBhIG5vbmNlIGZvciBhIGJlbmNo",
    audience="x509_hash:c9KKM9DH2ul2EW0qtoBGPjq4Lh6nCLCwEf9pkGm9QSI",
)


@dataclass(frozen=True)
class Case:
    """The claims, which of them are disclosable, and which of those are shown."""

    claims: dict[str, Any]
    disclosable: tuple[tuple[str | int | None, ...], ...]
    shown: tuple[tuple[str | int | None, ...], ...]


def large() -> Case:
    """The large record, each demographic field and each entry a disclosure of its own."""
    source = json.loads((INPUTS / "health-large.sdjwt.json").read_text(encoding="utf-8"))
    frame, present = source["frames"]["entry"], source["present"]["entry"]
    arrays = [name for name in frame if name != "_sd"]
    claims = {k: v for k, v in source["claims"].items() if k not in REGISTERED}
    return Case(
        claims,
        (*((name,) for name in frame["_sd"]), *((name, None) for name in arrays)),
        tuple((name,) if value is True else (name, None) for name, value in present.items()),
    )


def milliseconds(work: Callable[[], object]) -> float:
    """CPU milliseconds of one call: the median of several rounds."""
    work()
    begin = time.process_time()
    work()
    calls = max(3, int(ROUND_SECONDS / max(time.process_time() - begin, 1e-5)))
    rounds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(calls):
            work()
        rounds.append((time.process_time() - begin) / calls)
    return statistics.median(rounds) * 1_000


def marked(value: Any) -> Any:
    """Every element of an array as something that sd-jwt makes disclosable."""
    return [SDObj(element) for element in value] if isinstance(value, list) else value


@dataclass
class Ours:
    """The project's own format."""

    case: Case
    issuer: Signer
    holder: Signer
    now: datetime

    def issue(self) -> str:
        return sd_jwt_vc.issue(
            payload=self.case.claims,
            disclosable=self.case.disclosable,
            signer=self.issuer,
            iss="https://issuer.example",
            holder_jwk=self.holder.public_key.jwk(),
            issued_at=self.now - timedelta(minutes=1),
            expires_at=self.now + timedelta(days=30),
            salts=secrets.token_bytes,
            decoys=Decoys(),
        )

    def present(self, credential: str) -> str:
        held = sd_jwt_vc.open_held(credential)
        return sd_jwt_vc.present(
            held,
            disclose=sd_jwt_vc.select(held, self.case.shown),
            challenge=CHALLENGE,
            holder_signer=self.holder,
            now=self.now,
        )

    def verify(self, presentation: str) -> object:
        parsed = sd_jwt_vc.parse(presentation)
        return sd_jwt_vc.verify(
            parsed, issuer_key=self.issuer.public_key, challenge=CHALLENGE, now=self.now
        )


class Peer:
    """The sd-jwt package: the same claims, disclosures and keys in its own words."""

    def __init__(self, ours: Ours) -> None:
        self.key, self.holder = JWK(**ours.issuer.private_jwk()), JWK(**ours.holder.private_jwk())
        self.public = JWK(**ours.issuer.public_key.jwk())
        claims = ours.case.claims
        hidden = {path[0] for path in ours.case.disclosable if len(path) == 1}
        self.claims = {
            "iss": "https://issuer.example",
            "iat": int(ours.now.timestamp()),
            **{SDObj(k) if k in hidden else k: marked(v) for k, v in claims.items()},
        }
        self.wanted = {
            path[0]: True if len(path) == 1 else [True] * len(claims[path[0]])
            for path in ours.case.shown
        }

    def issue(self) -> str:
        return SDJWTIssuer(self.claims, self.key, self.holder).sd_jwt_issuance

    def present(self, credential: str) -> str:
        holder = SDJWTHolder(credential)
        holder.create_presentation(self.wanted, CHALLENGE.nonce, CHALLENGE.audience, self.holder)
        return holder.sd_jwt_presentation

    def verify(self, presentation: str) -> object:
        return SDJWTVerifier(
            presentation, lambda _iss, _header: self.public, CHALLENGE.audience, CHALLENGE.nonce
        ).get_verified_payload()


def main() -> None:
    """Print the table."""
    if not INPUTS.is_dir():
        sys.stderr.write("The published benchmark inputs do not stand beside the checkout.\n")
        return
    ours = Ours(large(), generate_signer(), generate_signer(), datetime.now(UTC))
    peer, openvc = Peer(ours), SdJwtVcProofSuite()
    made, peer_made = ours.issue(), peer.issue()
    shown, peer_shown = ours.present(made), peer.present(peer_made)
    public = ours.issuer.public_key.jwk()
    binding = {"audience": CHALLENGE.audience, "nonce": CHALLENGE.nonce}
    options = {"public_key_jwk": public, "require_key_binding": True, **binding}
    disclosures = {made.count("~") - 1, peer_made.count("~") - 1}
    visible = {shown.count("~") - 1, peer_shown.count("~") - 1}
    header = f"{disclosures} disclosures, {visible} shown".translate(str.maketrans("", "", "{}"))
    report(
        header,
        {
            "issue": (ours.issue, peer.issue, None),
            "present": (lambda: ours.present(made), lambda: peer.present(peer_made), None),
            "verify": (
                lambda: ours.verify(shown),
                lambda: peer.verify(peer_shown),
                lambda: openvc.verify(shown, **options),
            ),
        },
    )


def report(header: str, rows: dict[str, tuple[Callable[[], object] | None, ...]]) -> None:
    """Measure and print, one row for each operation."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("sd-jwt", "openvc-core")]
    where = f"{platform.machine()}, Python {platform.python_version()}"
    lines = [
        f"SD-JWT, ES256, {header}, with key binding; CPU ms; {where}; {datetime.now(UTC):%d-%b-%Y}",
        "",
        f"| operation | ours | {' | '.join(versions)} | best peer / ours |",
        "|---|---|---|---|---|",
    ]
    for name, works in rows.items():
        times = [milliseconds(work) if work else None for work in works]
        ratio = min(found for found in times[1:] if found is not None) / (times[0] or 1)
        cells = ["-" if found is None else f"{found:.3f}" for found in times]
        lines.append(f"| {name} | {' | '.join(cells)} | {ratio:.1f} |")
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
