"""``passport-issuer offers create FILE``: a credential offer from a FHIR bundle."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from issuer.service import IssuerContext, NewOffer
    from issuer.service.sign_in_offers import NewSignInOffer

offers = typer.Typer(no_args_is_help=True, help="Offers of records to patients.")
STANDARD_INPUT = "-"
COMMAND_LINE = "command-line"  # the client that issuances of this command belong to


@offers.command("create")
def create(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="FHIR JSON; - is standard input.")
    ] = None,
    *,
    source: Annotated[
        str | None,
        typer.Option(
            help="Instead of FILE: a name in a source (`sources find`), to be read again later."
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--from", help="Which source: folder, fhir or gp-connect.")
    ] = None,
    record_type: Annotated[
        list[str] | None, typer.Option("--type", help="Only this record type; may be repeated.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="Which person, where the bundle holds several.")
    ] = None,
    sign_in: Annotated[
        bool, typer.Option("--sign-in", help="The patient signs in for it; there is no PIN.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Offer what a FHIR bundle gives: prints the link, the QR code and, once, the PIN."""
    from healthpassport.errors import SourceError  # noqa: PLC0415 - cold start
    from issuer.service import offer_bundle, offer_source  # noqa: PLC0415

    if (file is None) is (source is None):
        raise SourceError("offer.request", "give either FILE or --source")
    bundle = b"" if file is None else _read(file)
    wanted = tuple(record_type or ())
    with opened(config) as issuer:
        if sign_in:
            _tell(_for_sign_in(issuer, bundle, source, kind, wanted, subject), as_json=as_json)
            return
        if source is not None:
            made = offer_source(
                issuer,
                client=COMMAND_LINE,
                name=source,
                wanted=wanted,
                subject=subject,
                kind=kind,
                who=issuer.audit.operator,
            )
        else:
            made = offer_bundle(
                issuer,
                client=COMMAND_LINE,
                bundle=bundle,
                wanted=wanted,
                subject=subject,
                who=issuer.audit.operator,
            )
    if as_json:
        show_json(
            {
                "offerId": made.id,
                "recordTypes": list(made.record_types),
                "expiresAt": made.expires_at.isoformat(),
                "link": made.link,
                "pin": made.pin,
            }
        )
        return
    _print(made)


def _for_sign_in(  # noqa: PLR0917 - the options of the command
    issuer: IssuerContext,
    bundle: bytes,
    source: str | None,
    kind: str | None,
    wanted: tuple[str, ...],
    subject: str | None,
) -> NewSignInOffer:
    from issuer.service.sign_in_offers import offer_for_sign_in  # noqa: PLC0415 - cold start

    return offer_for_sign_in(
        issuer,
        client=COMMAND_LINE,
        bundle=bundle,
        name=source,
        kind=kind,
        wanted=wanted,
        subject=subject,
    )


def _tell(made: NewSignInOffer, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "offerId": made.id,
                "recordTypes": list(made.record_types),
                "expiresAt": made.expires_at.isoformat(),
                "link": made.link,
            }
        )
        return
    _show_link(made.link)
    say(f"Records: {', '.join(made.record_types)}")
    say(f"The patient signs in to get them. Valid until {made.expires_at:%d %B, %H:%M} UTC, once.")


def _read(file: Path) -> bytes:
    from healthpassport.errors import SourceError  # noqa: PLC0415 - cold start

    try:
        return sys.stdin.buffer.read() if str(file) == STANDARD_INPUT else file.read_bytes()
    except OSError as error:
        raise SourceError("offer.request", f"the file {file.name} cannot be read") from error


def _print(made: NewOffer) -> None:
    _show_link(made.link)
    say(f"Records: {', '.join(made.record_types)}")
    say(f"PIN: {made.pin}  (tell it to the patient apart from the link)")
    say(f"Valid until {made.expires_at:%H:%M:%S} UTC, once.")


def _show_link(link: str) -> None:
    import segno  # noqa: PLC0415 - cold start

    typer.echo(link)
    segno.make(link, error="l", micro=False).terminal(out=sys.stderr, compact=True)
