"""``passport-issuer codes``: sign a list of sensitive codes, and look at the one in force.

What is *not* here: the list (issuer.fhir.sensitive) and its members, which come from TRUD.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .opening import AsJson, Config, say, show_json

codes = typer.Typer(
    no_args_is_help=True, help="The list of sensitive codes that are left out before issue."
)


@codes.command("sign")
def sign(
    file: Annotated[Path, typer.Argument(help="The list as JSON: version, issuedAt, sets.")],
    key: Annotated[str, typer.Option(help="Address of the signer's key, `file:///...`.")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File whose first line is the passphrase of that key.")
    ] = None,
) -> None:
    """Sign a list and print it; its signer's public key goes to stderr, as a JWK."""
    from healthpassport.encoding import dump_json, parse_json_object  # noqa: PLC0415 - cold start
    from healthpassport.errors import SettingsError  # noqa: PLC0415
    from healthpassport.keys import load_signer  # noqa: PLC0415
    from issuer.fhir.sensitive import sign_sensitive_codes  # noqa: PLC0415

    try:
        held = file.read_bytes()
        secret = passphrase_file.read_bytes().split(b"\n", 1)[0] if passphrase_file else None
    except OSError as error:
        raise SettingsError("issuer.sensitive_codes", "a file cannot be read") from error
    signer = load_signer(key, secret)
    typer.echo(sign_sensitive_codes(parse_json_object(held), signer))
    say(dump_json(signer.public_key.jwk()).decode())


@codes.command("show")
def show(config: Config = None, as_json: AsJson = False) -> None:
    """Say of when the list in force is, and how many codes and words it holds."""
    from issuer.service.reading import sensitive_codes  # noqa: PLC0415 - cold start
    from issuer.settings import load  # noqa: PLC0415

    found = sensitive_codes(load(config))
    issued = found.issued_at.isoformat()
    if as_json:
        show_json({"issuedAt": issued, "codes": len(found.codes), "texts": len(found.texts)})
    else:
        typer.echo(f"{issued}  codes {len(found.codes)}  words {len(found.texts)}")
