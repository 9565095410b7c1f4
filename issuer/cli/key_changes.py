"""``passport-issuer keys list, rotate, renew, try-pin``: the signing key in the course of time.

What is *not* here: making the first keys (``keys``); what the authority does (``passport-trust``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import audit_telling
from .keys import Algorithm, keys, make, tell
from .opening import AsJson, Config, say, show_json

if TYPE_CHECKING:
    from issuer.service.key_list import KeyRow

__all__ = ["keys"]

Csr = Annotated[Path, typer.Option(help="File for the request that the authority certifies.")]


@keys.command("list")
def list_keys(config: Config = None, as_json: AsJson = False) -> None:
    """Say which key signs now and next, until when, and what the trust list makes of each."""
    from issuer.service.key_list import key_rows  # noqa: PLC0415 - cold start
    from issuer.settings import load  # noqa: PLC0415

    for row in key_rows(load(config), now=datetime.now(UTC)):
        until = row.listed_until
        if as_json:
            show_json(
                {
                    "thumbprint": row.thumbprint,
                    "algorithm": row.algorithm,
                    "signs": row.signs,
                    "since": row.since.isoformat(),
                    "certificateEnds": row.certificate_ends.isoformat(),
                    "listed": row.listed.value,
                    "listedUntil": None if until is None else until.isoformat(),
                }
            )
        else:
            typer.echo(_line(row))


@keys.command("rotate")
def rotate(
    *,
    since: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Day (UTC) from which it signs."),
    ],
    csr: Csr,
    out: Annotated[Path | None, typer.Option(help="New file for the next key, or")] = None,
    key: Annotated[str | None, typer.Option(help="its address on a token: pkcs11:...")] = None,
    algorithm: Annotated[Algorithm, typer.Option(help="Of the next key.")] = Algorithm.ES256,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File whose first line encrypts the key, or is the PIN.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make the next signing key, and say what to set and to send so that it takes over."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - cold start

    from issuer.settings import load  # noqa: PLC0415

    host = urlsplit(load(config).iss).hostname or ""
    made = make(out, key, algorithm=algorithm, host=host, secret_file=passphrase_file)
    tell(made, csr, as_json=as_json)
    audit_telling.tell(config, "key.made", key=made.thumbprint)
    say(f"1. Send {csr} to the authority: passport-trust add-issuer --csr, then publish.")
    say("2. Set these, and start the service again; the old key signs until then:")
    say(f"   PASSPORT_ISSUER_NEXT_KEY={made.uri}")
    say("   PASSPORT_ISSUER_NEXT_X5C=the chain that the authority gave")
    say(f"   PASSPORT_ISSUER_NEXT_KEY_FROM={since:%Y-%m-%d}T00:00:00Z")
    say("3. A week after that day: passport-trust end-key for the old one. Never remove it.")


@keys.command("renew")
def renew(csr: Csr, config: Config = None) -> None:
    """Write the request for a new certificate of the key that signs now."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - cold start

    from healthpassport.keys.requests import certificate_request  # noqa: PLC0415
    from issuer.service.key_schedule import key_at, open_keys  # noqa: PLC0415
    from issuer.settings import load  # noqa: PLC0415

    settings = load(config)
    signer = key_at(open_keys(settings), datetime.now(UTC)).signer
    csr.write_bytes(certificate_request(signer, host=urlsplit(settings.iss).hostname or ""))
    audit_telling.tell(config, "key.renewed", key=signer.public_key.thumbprint())
    say(f"Send {csr} to the authority. Put its chain in the file x5c and start the service again.")


@keys.command("try-pin")
def try_pin(config: Config = None) -> None:
    """Give the PIN to the token of the signing key, once, also after a wrong one."""
    from healthpassport.keys import uris  # noqa: PLC0415 - cold start
    from issuer.service.key_schedule import first_line  # noqa: PLC0415
    from issuer.settings import load  # noqa: PLC0415

    settings = load(config)
    path = settings.key_passphrase_file
    signer = uris.try_pin(settings.key, None if path is None else first_line(path))
    typer.echo(signer.public_key.thumbprint())
    say("The token took the PIN and signed.")


def _line(row: KeyRow) -> str:
    until = f"{row.certificate_ends:%Y-%m-%d}"
    listed = {"unknown": "no copy of the list here"}.get(row.listed, f"listed: {row.listed}")
    since = f"{row.signs} since" if row.signs != "next" else "from"
    return (
        f"{row.thumbprint}  {row.algorithm}  {since} {row.since:%Y-%m-%d}  until {until}  {listed}"
    )
