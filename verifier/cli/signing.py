"""``passport-verifier signing-key``: the key that signs what this desk asks and its receipts.

What is *not* here: API keys (``keys``); what the authority does (``passport-trust``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with a version.")]

signing_key = typer.Typer(
    help="The key that signs this desk's requests and receipts.", no_args_is_help=True
)


@signing_key.command("show")
def show(as_json: AsJson = False) -> None:
    """Say under which name wallets know this desk, until when, and whether the list names it."""
    from datetime import UTC, datetime  # noqa: PLC0415 - cold start

    from verifier.service.key_fit import key_fit  # noqa: PLC0415

    from .output import data, document, say, settings  # noqa: PLC0415

    now = datetime.now(UTC)
    fit = key_fit(settings(), now=now)
    if as_json:
        document(
            {
                "version": 1,
                "clientId": fit.client_id,
                "thumbprint": fit.thumbprint,
                "algorithm": fit.algorithm,
                "ends": fit.ends.isoformat(),
                "listed": fit.listed,
            }
        )
        return
    data(f"{fit.client_id}  {fit.algorithm}  until {fit.ends:%Y-%m-%d}")
    if fit.listed is None:
        say("No copy of the trust list is here: run passport-verifier update.")


@signing_key.command("make")
def make(
    *,
    csr: Annotated[Path, typer.Option(help="File for the request that the authority certifies.")],
    out: Annotated[
        Path | None, typer.Option(help="New file for the key (PKCS #8, PEM), or")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="address of a new key on a token: pkcs11:... (docs/keys.md).")
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File whose first line encrypts the key, or is the PIN.")
    ] = None,
) -> None:
    """Make a new signing key and its request. The desk gets a new name with it."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - cold start

    from healthpassport.errors import SettingsError  # noqa: PLC0415
    from healthpassport.keys import generate_signer, load_signer, save_signer  # noqa: PLC0415
    from healthpassport.keys.files import read_secret  # noqa: PLC0415
    from healthpassport.keys.requests import certificate_request  # noqa: PLC0415
    from healthpassport.keys.uris import make_key  # noqa: PLC0415

    from .output import data, say, settings  # noqa: PLC0415

    own = settings()
    secret = None if passphrase_file is None else read_secret(passphrase_file)
    if (out is None) is (key is None):
        raise SettingsError("verifier.setup", "one of --out and --key is needed")
    if out is not None:
        uri = save_signer(generate_signer(), out, secret)
        signer = load_signer(uri, secret)
    else:
        uri = key or ""
        signer = make_key(uri, secret, algorithm="ES256")  # any wallet asks for it (HAIP 1.0)
    csr.write_bytes(certificate_request(signer, host=urlsplit(own.public_url).hostname or ""))
    data(uri)
    say(f"1. Send {csr} to the authority: passport-trust add-verifier --csr, then publish.")
    say("   Wallets know a desk by its certificate: it gives a new one, and new registrations.")
    say("2. Wait until wallets have the new list: a day.")
    say("3. Set PASSPORT_VERIFIER_KEY, put verifier.pem and the registrations in place together,")
    say("   start the desk again, and run passport-verifier doctor.")
    say("4. Then passport-trust remove-verifier for the old name. Old receipts stay provable.")


@signing_key.command("try-pin")
def try_pin() -> None:
    """Give the PIN to the token of the signing key, once, also after a wrong one."""
    from healthpassport.keys import uris  # noqa: PLC0415 - cold start
    from healthpassport.keys.files import read_secret  # noqa: PLC0415

    from .output import data, say, settings  # noqa: PLC0415

    own = settings()
    path = own.key_passphrase_file
    signer = uris.try_pin(own.key_uri, None if path is None else read_secret(path))
    data(signer.public_key.thumbprint())
    say("The token took the PIN and signed.")
