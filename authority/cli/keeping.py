"""The commands that make and change the list: init, add, remove, publish, rotate.

What is *not* here: ``update`` and ``check`` (``following``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import ServiceError

from .output import passphrase, read_file, read_settings, say, show

if TYPE_CHECKING:
    from authority.service import Authority
    from authority.service.entries import Purposes

Folder: TypeAlias = Annotated[
    Path | None, typer.Option(help="The authority's folder (else PASSPORT_AUTHORITY_HOME).")
]
Offline: TypeAlias = Annotated[
    Path | None, typer.Option(help="Folder with the offline keys, when taken away from there.")
]
DailyFile: TypeAlias = Annotated[
    Path, typer.Option(help="File with the passphrase of the publishing keys and the registrar.")
]
CaFile: TypeAlias = Annotated[
    Path | None, typer.Option(help="File with the passphrase of the CA key, when another.")
]
RootFiles: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--root-passphrase-file", help="File for root key 1, 2 and 3, in that order."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Csr: TypeAlias = Annotated[
    Path | None, typer.Option(help="PKCS #10 request (PEM) for the key to certify.")
]
Jwk: TypeAlias = Annotated[Path | None, typer.Option(help="Public key to certify, as a JWK.")]
SecondCsr: TypeAlias = Annotated[
    Path | None, typer.Option(help="PKCS #10 request (PEM) of the ML-DSA-44 key to list beside it.")
]
SecondJwk: TypeAlias = Annotated[
    Path | None, typer.Option(help="Its ML-DSA-44 public key, as a JWK.")
]
Days: TypeAlias = Annotated[
    int | None, typer.Option(min=1, max=825, help="Days for which it is good.")
]
Out: TypeAlias = Annotated[Path, typer.Option(help="Folder to write into; made when missing.")]


def init(
    *,
    name: Annotated[str, typer.Option(help="The authority's name, as people will read it.")],
    passphrase_file: DailyFile,
    ca_passphrase_file: CaFile = None,
    root_passphrase_file: RootFiles = None,
    folder: Folder = None,
    offline: Offline = None,
    as_json: AsJson = False,
) -> None:
    """Make all keys, the anchor certificate and the first root (the key ceremony)."""
    authority = _authority(
        folder, offline, passphrase_file, ca_passphrase_file, root_passphrase_file or []
    )
    authority.init(name=name, now=datetime.now(UTC), ca_days=read_settings().ca_days)
    root = authority.store.root_path(1)
    say("Take the keys in the offline folder away now, each to its own medium.")
    show({"root": str(root)}, words=f"Pin this root everywhere: {root}", as_json=as_json)


def add_issuer(
    *,
    iss: Annotated[str, typer.Option(help="The issuer's https URL, as it stands in records.")],
    ods: Annotated[str, typer.Option(help="ODS code of the organisation.")],
    name: Annotated[str, typer.Option(help="Name of the organisation.")],
    record_type: Annotated[list[str], typer.Option(help="A record type it may sign; repeat.")],
    status_list: Annotated[list[str], typer.Option(help="URL of a status list; repeat.")],
    out: Out,
    passphrase_file: DailyFile,
    status_aggregation: Annotated[
        str | None,
        typer.Option(help="URL at which the issuer names its status lists, later ones too."),
    ] = None,
    csr: Csr = None,
    jwk: Jwk = None,
    second_csr: SecondCsr = None,
    second_jwk: SecondJwk = None,
    days: Days = None,
    ca_passphrase_file: CaFile = None,
    folder: Folder = None,
    offline: Offline = None,
    as_json: AsJson = False,
) -> None:
    """Certify an issuer's key and add the issuer, or one more key of it, to the list."""
    authority = _authority(folder, offline, passphrase_file, ca_passphrase_file)
    certificate = authority.add_issuer(
        iss=iss,
        ods=ods,
        name=name,
        record_types=record_type,
        status_lists=status_list,
        status_aggregation=status_aggregation,
        now=datetime.now(UTC),
        csr_pem=_csr(csr),
        jwk=_jwk(jwk),
        second_csr_pem=_csr(second_csr),
        second_jwk=_jwk(second_jwk),
        valid_for=_valid_for(days),
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "issuer.pem").write_bytes(certificate.pem)
    say("Not public yet: run passport-trust publish.")
    values: dict[str, Json] = {
        "iss": iss,
        "thumbprint": certificate.public_key.thumbprint(),
        "x5c": list(certificate.x5c),
        "notAfter": certificate.not_after.isoformat(),
        "chain": str(out / "issuer.pem"),
    }
    show(values, words=f"Certificate chain: {out / 'issuer.pem'}", as_json=as_json)


def add_verifier(
    *,
    ods: Annotated[str, typer.Option(help="ODS code of the organisation.")],
    name: Annotated[str, typer.Option(help="Name of the organisation; patients will read it.")],
    host: Annotated[str, typer.Option(help="Host to which wallets answer, with any port.")],
    purpose: Annotated[list[str], typer.Option(help="A purpose of direct care; repeat.")],
    out: Out,
    passphrase_file: DailyFile,
    claims: Annotated[
        Path | None,
        typer.Option(help="JSON: for a purpose, its claim paths by record type (else templates)."),
    ] = None,
    did: Annotated[str | None, typer.Option(help="A DID with the same key, if it has one.")] = None,
    csr: Csr = None,
    jwk: Jwk = None,
    days: Days = None,
    ca_passphrase_file: CaFile = None,
    folder: Folder = None,
    offline: Offline = None,
    as_json: AsJson = False,
) -> None:
    """Certify a verifier's key, add the verifier, and sign its registrations."""
    authority = _authority(folder, offline, passphrase_file, ca_passphrase_file)
    added = authority.add_verifier(
        ods=ods,
        name=name,
        host=host,
        purposes=_purposes(purpose, claims),
        now=datetime.now(UTC),
        csr_pem=_csr(csr),
        jwk=_jwk(jwk),
        valid_for=_valid_for(days),
        did=did,
    )
    (out / "registrations").mkdir(parents=True, exist_ok=True)
    (out / "verifier.pem").write_bytes(added.certificate.pem)
    for registered, token in added.registrations.items():
        (out / "registrations" / f"{registered}.jwt").write_text(token, encoding="ascii")
    say("Not public yet: run passport-trust publish.")
    values: dict[str, Json] = {
        "clientId": added.client_id,
        "x5c": list(added.certificate.x5c),
        "registrations": dict(added.registrations),
        "notAfter": added.certificate.not_after.isoformat(),
        "chain": str(out / "verifier.pem"),
    }
    show(values, words=f"Client identifier: {added.client_id}", as_json=as_json)


def remove_issuer(
    *,
    iss: Annotated[str, typer.Option(help="The issuer's URL.")],
    key: Annotated[str | None, typer.Option(help="Thumbprint of one key; else all.")] = None,
    folder: Folder = None,
) -> None:
    """Take an issuer, or one of its keys, off the list."""
    keyless(folder).remove_issuer(iss, now=datetime.now(UTC), thumbprint=key)
    say("Not public yet: run passport-trust publish.")


def second_key(
    *,
    iss: Annotated[str, typer.Option(help="The issuer's URL.")],
    key: Annotated[str, typer.Option(help="Thumbprint of the listed key beside which it stands.")],
    csr: SecondCsr = None,
    jwk: SecondJwk = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it off the list.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List an issuer's ML-DSA-44 key beside a key on the list, for a second signature."""
    if remove is not (csr is None and jwk is None):
        raise ServiceError("authority.entry", "either a key or --remove is needed")
    listed = keyless(folder).set_second_key(
        iss, key, now=datetime.now(UTC), csr_pem=_csr(csr), jwk=_jwk(jwk)
    )
    say("Not public yet: run passport-trust publish.")
    name = None if listed is None else listed.thumbprint()
    values: dict[str, Json] = {"iss": iss, "thumbprint": key, "secondThumbprint": name}
    show(values, words=f"Post-quantum key: {name or 'none'}", as_json=as_json)


def remove_verifier(
    *,
    client_id: Annotated[str, typer.Option(help="Its client identifier or certificate hash.")],
    folder: Folder = None,
) -> None:
    """Take a verifier off the list."""
    keyless(folder).remove_verifier(client_id, now=datetime.now(UTC))
    say("Not public yet: run passport-trust publish.")


def publish(
    *,
    out: Out,
    passphrase_file: DailyFile,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Sign the list and write the folder that a web server serves."""
    authority = _authority(folder, None, passphrase_file)
    done = authority.publish(out, now=datetime.now(UTC))
    expires: dict[str, Json] = {role: at.isoformat() for role, at in done.expires.items()}
    words = f"Published version {done.version}; publish again before {min(done.expires.values())}"
    show({"list": done.version, "expires": expires}, words=words, as_json=as_json)


def rotate_root(
    *,
    passphrase_file: DailyFile,
    root_passphrase_file: RootFiles = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(help="Key to replace: root-1, root-2, root-3, targets, snapshot, timestamp."),
    ] = None,
    folder: Folder = None,
    offline: Offline = None,
    as_json: AsJson = False,
) -> None:
    """Sign the next root with two root keys; replace the keys that are named."""
    authority = _authority(folder, offline, passphrase_file, None, root_passphrase_file or [])
    authority.rotate_root(*(replace or []), now=datetime.now(UTC))
    version = authority.store.load().root_version
    say("Not public yet: run passport-trust publish.")
    show({"root": version}, words=f"Root version {version} is signed.", as_json=as_json)


def _authority(
    folder: Path | None,
    offline: Path | None,
    daily: Path,
    ca: Path | None = None,
    roots: list[Path] | None = None,
) -> Authority:
    from authority.service import Authority, Lifetimes, Passphrases  # noqa: PLC0415 - cold start

    settings = read_settings()
    common = passphrase(daily)
    given = tuple(passphrase(path) for path in roots or [])
    return Authority(
        folder or settings.home,
        Passphrases(common, passphrase(ca) if ca else common, given or (common,) * 3),
        offline,
        settings.kdf_cost,
        Lifetimes(
            timedelta(days=settings.root_days),
            timedelta(days=settings.targets_days),
            timedelta(days=settings.timestamp_days),
        ),
    )


def keyless(folder: Path | None) -> Authority:
    """For decisions that no key has to confirm before `publish` does."""
    from authority.service import Authority, Passphrases  # noqa: PLC0415 - cold start

    return Authority(folder or read_settings().home, Passphrases(b"", b"", ()))


def _csr(path: Path | None) -> bytes | None:
    return None if path is None else read_file(path)


def _jwk(path: Path | None) -> Mapping[str, Json] | None:
    return None if path is None else parse_json_object(read_file(path))


def _valid_for(days: int | None) -> timedelta:
    return timedelta(days=days or read_settings().certificate_days)


def _purposes(names: list[str], claims: Path | None) -> Purposes:
    """Each purpose with the claims of the file, or those of the request templates."""
    given = {} if claims is None else parse_json_object(read_file(claims))
    if foreign := given.keys() - set(names):
        raise ServiceError("authority.entry", f"claims for {', '.join(sorted(foreign))}")
    return {name: _by_type(given[name]) if name in given else None for name in names}


def _by_type(value: Json) -> Mapping[str, list[str]]:
    if not isinstance(value, dict) or not all(isinstance(v, list) for v in value.values()):
        raise ServiceError("authority.entry", f"no claim paths: {dump_json(value).decode()[:80]}")
    return {name: [str(path) for path in paths] for name, paths in value.items()}
