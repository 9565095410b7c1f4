"""``passport-issuer keys``: keys for a practice's own systems, and the key that signs."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import audit_telling
from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from issuer.service.signing_keys import NewSigningKey

keys = typer.Typer(
    no_args_is_help=True, help="API keys of the systems that make offers; signing keys."
)


class Algorithm(StrEnum):
    """What a signing key may be made for."""

    ES256 = "ES256"
    EDDSA = "EdDSA"


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Lower case letters, digits and hyphens.")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it, once; only its hash is kept. Restart the server after it."""
    from issuer.service.clients import add_client  # noqa: PLC0415 - cold start
    from issuer.settings import load  # noqa: PLC0415

    made = add_client(
        load(config).api_keys, name=name, random=secrets.token_bytes, systems=_systems(config)
    )
    audit_telling.tell(config, "api_key.made", subject=made.name)
    if as_json:
        show_json({"name": made.name, "key": made.key})
        return
    typer.echo(made.key)
    say("This key is shown once. Restart `passport-issuer serve` to let it in.")


def _systems(config: Path | None) -> frozenset[str]:
    """The names of record systems; an issuer that is not set up yet has none."""
    from healthpassport.errors import PassportError  # noqa: PLC0415 - cold start
    from issuer.service.api_clients import every_client  # noqa: PLC0415

    try:
        with opened(config) as issuer:
            return frozenset(client.name for client, _ in every_client(issuer))
    except PassportError:
        return frozenset()


@keys.command("signing")
def signing(
    *,
    host: Annotated[str, typer.Argument(help="Host name of the issuer's address.")],
    out: Annotated[
        Path | None, typer.Option(help="New file for the key (PKCS #8, PEM), or")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="address of a new key on a token: pkcs11:... (docs/keys.md).")
    ] = None,
    csr: Annotated[Path, typer.Option(help="File for the request that the authority certifies.")],
    algorithm: Annotated[
        Algorithm, typer.Option(help="ES256 (P-256), which everybody reads, or EdDSA (Ed25519).")
    ] = Algorithm.ES256,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File whose first line encrypts the key, or is the PIN.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a signing key and the request to certify it (`passport-trust add-issuer --csr`)."""
    made = make(out, key, algorithm=algorithm, host=host, secret_file=passphrase_file)
    tell(made, csr, as_json=as_json)
    say(f"Send {csr} to the authority. The key is used once its certificate is in x5c.")


@keys.command("second")
def second(
    *,
    host: Annotated[str, typer.Argument(help="Host name of the issuer's address.")],
    out: Annotated[Path, typer.Option(help="New file for the key (PKCS #8, PEM).")],
    csr: Annotated[Path, typer.Option(help="File for the request that the authority reads.")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File whose first line encrypts the key.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an ML-DSA-44 key for a second, post-quantum signature beside the first."""
    from issuer.service.key_schedule import first_line  # noqa: PLC0415 - cold start
    from issuer.service.signing_keys import SECOND_ALGORITHM, make_signing_key  # noqa: PLC0415

    secret = None if passphrase_file is None else first_line(passphrase_file)
    made = make_signing_key(out, algorithm=SECOND_ALGORITHM, host=host, passphrase=secret)
    tell(made, csr, as_json=as_json)
    say(f"Send {csr} to the authority, to be listed beside the first key.")
    say("Set PASSPORT_ISSUER_SECOND_KEY once the list names it.")


@keys.command("reports")
def reports(
    *,
    out: Annotated[Path, typer.Option(help="New file for the private key (PKCS #8, PEM).")],
    jwk: Annotated[Path, typer.Option(help="New file for the public key, for reports_jwk.")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File whose first line encrypts the key.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the key that patients seal their reports of errors for. Keep it off the server."""
    from issuer.service.key_schedule import first_line  # noqa: PLC0415 - cold start
    from issuer.service.signing_keys import make_reports_key  # noqa: PLC0415

    secret = None if passphrase_file is None else first_line(passphrase_file)
    uri, thumbprint = make_reports_key(out, jwk, passphrase=secret)
    if as_json:
        show_json({"key": uri, "thumbprint": thumbprint, "jwk": str(jwk)})
    else:
        typer.echo(uri)
        say("Set PASSPORT_ISSUER_REPORTS_JWK on the server to the second file.")
        say("Set PASSPORT_ISSUER_REPORTS_KEY where staff run `passport-issuer reports show`.")


def make(
    out: Path | None, key: str | None, *, algorithm: Algorithm, host: str, secret_file: Path | None
) -> NewSigningKey:
    """A new key in a file or on a token, whichever is named."""
    from healthpassport.errors import SettingsError  # noqa: PLC0415 - cold start
    from issuer.service.key_schedule import first_line  # noqa: PLC0415
    from issuer.service.signing_keys import make_signing_key, make_token_key  # noqa: PLC0415

    secret = None if secret_file is None else first_line(secret_file)
    if key is not None and out is None:
        return make_token_key(key, algorithm=algorithm.value, host=host, secret=secret)
    if out is not None and key is None:
        return make_signing_key(out, algorithm=algorithm.value, host=host, passphrase=secret)
    raise SettingsError("issuer.settings", "one of --out and --key is needed")


def tell(made: NewSigningKey, csr: Path, *, as_json: bool) -> None:
    """Write the request, and say where the key is."""
    csr.write_bytes(made.csr_pem)
    if as_json:
        show_json({"key": made.uri, "thumbprint": made.thumbprint, "csr": str(csr)})
    else:
        typer.echo(made.uri)
