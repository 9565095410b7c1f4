"""SD-JWT beside its Python peers, on the published benchmark inputs, in one run.

CPU time of this process, the median of several rounds. The ratio is the figure: absolute times
differ between machines. Run it with ``make bench``.
"""

from __future__ import annotations

import importlib.metadata
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from jwcrypto.jwk import JWK
from measuring import table, together
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from healthpassport import suites
from healthpassport.credential import Challenge
from healthpassport.formats import sd_jwt_vc
from healthpassport.formats.sd_jwt import Decoys
from healthpassport.keys import Signer, generate_signer

INPUTS: Final = Path(__file__).resolve().parents[3] / "shared" / "bench" / "inputs"
MESSAGE: Final = b"x" * 2_000
PACKAGES: Final = Path(__file__).resolve().parent / "sd_jwt_packages"
NPM_PEER: Final = "@sd-jwt 0.19.0 (npm)"
NPM_INSTALL: Final = ("install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
LIST_PATH: Final = 2  # the length of a path to the elements of a list
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


def large(*, fields: bool) -> Case:
    """The large record: each entry a disclosure, and with ``fields`` each field of each entry too.

    Without the published inputs a record of the same shape is made up, and the table says so.
    """
    source = published() if INPUTS.is_dir() else made_up()
    claims = {k: v for k, v in source["claims"].items() if k not in REGISTERED}
    arrays = [name for name, value in claims.items() if isinstance(value, list)]
    plain = list(source["frames"]["entry"]["_sd"])
    inner = [(a, None, n) for a in arrays for n in claims[a][0]] if fields else []
    return Case(
        claims,
        (*((name,) for name in plain), *((name, None) for name in arrays), *inner),
        tuple((name,) for name in source["present"]["entry"]),
    )


def published() -> dict[str, Any]:
    """The inputs that stand beside the checkout."""
    return json.loads((INPUTS / "health-large.sdjwt.json").read_text(encoding="utf-8"))


def made_up() -> dict[str, Any]:
    """Eleven fields and 35 entries in five lists, as in the published inputs."""
    entry = {"code": "91936005", "display": "An entry", "system": "http://snomed.info/sct"}
    lists = {"allergies": 5, "medications": 8, "problems": 10, "immunisations": 8, "results": 4}
    names = [f"field{number}" for number in range(11)]
    claims: dict[str, Any] = {"vct": "https://example.org/vct/1", **dict.fromkeys(names, "value")}
    for name, count in lists.items():
        claims[name] = [
            {**entry, "date": f"20{n:02}-01-01", "status": "active"} for n in range(count)
        ]
    shown = dict.fromkeys([*names[:3], "allergies", "medications"], True)
    frame = {"_sd": names}
    return {"claims": claims, "frames": {"entry": frame}, "present": {"entry": shown}}


def marked(value: Any, *, fields: bool) -> Any:
    """Every element of an array as something that sd-jwt makes disclosable."""
    if not isinstance(value, list):
        return value
    return [
        SDObj({SDObj(name): member for name, member in element.items()} if fields else element)
        for element in value
    ]


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
        return self.show(sd_jwt_vc.open_held(credential))

    def show(self, held: sd_jwt_vc.Held) -> str:
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


def packages(case: Case) -> dict[str, float]:
    """CPU milliseconds of the package for Node on the same claims, or nothing without it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return {}
    fields = any(len(path) > LIST_PATH for path in case.disclosable)
    lists = {name: value for name, value in case.claims.items() if isinstance(value, list)}
    frame: dict[str, Any] = {"_sd": [p[0] for p in case.disclosable if len(p) == 1]}
    for name, entries in lists.items():
        frame[name] = {"_sd": list(range(len(entries)))}
        if fields:
            frame[name] |= {n: {"_sd": list(entry)} for n, entry in enumerate(entries)}
    wanted = {
        name: {
            n: dict.fromkeys(entry, True) if fields else True for n, entry in enumerate(lists[name])
        }
        if name in lists
        else True
        for name in (path[0] for path in case.shown)
    }
    given = {
        "claims": case.claims,
        "frame": frame,
        "shown": wanted,
        "nonce": CHALLENGE.nonce,
        "audience": CHALLENGE.audience,
        "rounds": 60,
    }
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(PACKAGES, folder, dirs_exist_ok=True)
        try:
            subprocess.run([npm, *NPM_INSTALL], cwd=folder, check=True, capture_output=True)
        except subprocess.CalledProcessError:
            return {}
        done = subprocess.run(
            [node, "sd_jwt.mjs"],
            cwd=folder,
            input=json.dumps(given).encode(),
            check=True,
            capture_output=True,
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found


class Peer:
    """The sd-jwt package: the same claims, disclosures and keys in its own words."""

    def __init__(self, ours: Ours) -> None:
        self.key, self.holder = JWK(**ours.issuer.private_jwk()), JWK(**ours.holder.private_jwk())
        self.public = JWK(**ours.issuer.public_key.jwk())
        claims = ours.case.claims
        hidden = {path[0] for path in ours.case.disclosable if len(path) == 1}
        fields = any(len(path) > LIST_PATH for path in ours.case.disclosable)
        self.claims = {
            "iss": "https://issuer.example",
            "iat": int(ours.now.timestamp()),
            **{SDObj(k) if k in hidden else k: marked(v, fields=fields) for k, v in claims.items()},
        }
        self.wanted = {
            path[0]: [
                dict.fromkeys(element, True) if fields else True for element in claims[path[0]]
            ]
            if isinstance(claims[path[0]], list)
            else True
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
    """Print one table for each size."""
    if not INPUTS.is_dir():
        sys.stdout.write("Made-up input: the published inputs do not stand beside the checkout.\n")
    for fields in (False, True):
        compare(Ours(large(fields=fields), generate_signer(), generate_signer(), datetime.now(UTC)))


def compare(ours: Ours) -> None:
    """Measure ours and the peers on the same claims and keys."""
    peer, openvc = Peer(ours), SdJwtVcProofSuite()
    made, peer_made = ours.issue(), peer.issue()
    shown, peer_shown = ours.present(made), peer.present(peer_made)
    public = ours.issuer.public_key.jwk()
    binding = {"audience": CHALLENGE.audience, "nonce": CHALLENGE.nonce}
    options = {"public_key_jwk": public, "require_key_binding": True, **binding}
    disclosures = {made.count("~") - 1, peer_made.count("~") - 1}
    visible = {shown.count("~") - 1, peer_shown.count("~") - 1}
    header = f"{disclosures} disclosures, {visible} shown".translate(str.maketrans("", "", "{}"))
    npm = packages(ours.case)
    if npm and {npm["disclosures"], npm["shown"]} != disclosures | visible:
        sys.stdout.write(f"{NPM_PEER} has {npm['disclosures']} and shows {npm['shown']}.\n")
    held = sd_jwt_vc.open_held(made)
    signature, key = ours.issuer.sign(MESSAGE), ours.issuer.public_key

    def check() -> None:
        suites.verify(key, "ES256", signature, MESSAGE)

    report(
        header,
        {
            "issue": (ours.issue, peer.issue, None),
            "open and present": (lambda: ours.present(made), lambda: peer.present(peer_made), None),
            "present what is open": (lambda: ours.show(held), None, None),
            "verify": (
                lambda: ours.verify(shown),
                lambda: peer.verify(peer_shown),
                lambda: openvc.verify(shown, **options),
            ),
            "(one ES256 signature)": (lambda: ours.issuer.sign(MESSAGE), None, None),
            "(two ES256 checks)": (lambda: (check(), check()), None, None),
        },
        {"issue": npm.get("issue"), "open and present": npm.get("present")}
        | {"verify": npm.get("verify")},
    )


def report(
    header: str,
    rows: dict[str, tuple[Callable[[], object] | None, ...]],
    npm: dict[str, float | None],
) -> None:
    """Measure and print, one row for each operation; ``npm`` was measured a moment before."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("sd-jwt", "openvc-core")]
    found = []
    for name, works in rows.items():
        measured = iter(together([work for work in works if work]))
        times = [next(measured) if work else None for work in works]
        peers = [one for one in times[1:] if one is not None]
        ratio = f"{min(peers) / (times[0] or 1):.1f}" if peers else "-"
        theirs = npm.get(name)
        node = (
            ("-", "-") if theirs is None else (f"{theirs:.3f}", f"{theirs / (times[0] or 1):.1f}")
        )
        shown = ("-" if one is None else f"{one:.3f}" for one in times)
        found.append((name, *shown, ratio, *node))
    columns = ("operation", "ours", *versions, "best Python peer / ours", NPM_PEER, "npm / ours")
    table(f"SD-JWT, ES256, {header}, with key binding; CPU ms", columns, found)


if __name__ == "__main__":
    main()
