"""The commands as typer sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from .audit_commands import audit
from .key_commands import earlier, keys
from .signing import signing_key

app = typer.Typer(
    name="passport-verifier",
    help="A hospital desk: ask a patient for records, verify what is shared.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
request = typer.Typer(help="Requests of a running desk.", no_args_is_help=True)
staff = typer.Typer(help="Staff who sign in at this desk.", no_args_is_help=True)
card = typer.Typer(help="Emergency cards of patients.", no_args_is_help=True)
receipts = typer.Typer(help="Receipts that this desk gave.", no_args_is_help=True)
webhooks = typer.Typer(help="Systems that are told how far a request is.", no_args_is_help=True)
hospital = typer.Typer(help="The hospital's own record system.", no_args_is_help=True)
app.add_typer(request, name="request")
app.add_typer(hospital, name="hospital")
app.add_typer(webhooks, name="webhooks")
app.add_typer(audit, name="audit")
app.add_typer(receipts, name="receipts")
app.add_typer(keys, name="keys")
app.add_typer(signing_key, name="signing-key")
app.add_typer(earlier, name="key", hidden=True)
app.add_typer(card, name="card")
app.add_typer(staff, name="staff")

# An id is base64url and may begin with a hyphen, which is no option then.
IDS: Final = {"ignore_unknown_options": True}
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with a version.")]


@app.command()
def serve(
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM certificate for https, in place of the setting.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="PEM key for https, in place of the setting.")
    ] = None,
    web: Annotated[bool, typer.Option(help="Serve the page for staff as well.")] = True,
) -> None:
    """Serve wallets over https, and the page for staff on this machine."""
    from . import serving  # noqa: PLC0415

    serving.serve(tls_cert=tls_cert, tls_key=tls_key, web=web)


@app.command("vc-api")
def vc_api(
    host: Annotated[
        str, typer.Option(help="Address to listen on; it asks nobody who they are.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8491,
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM certificate; without it, one is made for this run.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM key of the certificate.")] = None,
) -> None:
    """Serve the VC-API for test suites (PASSPORT_VC_API=1): verify and derive."""
    from . import vc_api as serving  # noqa: PLC0415

    serving.serve(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key)


@app.command()
def update(as_json: AsJson = False) -> None:
    """Fetch the trust list and every status list that it names."""
    from . import offline  # noqa: PLC0415

    offline.update(as_json=as_json)


@app.command()
def templates(as_json: AsJson = False) -> None:
    """List the requests that this desk can make, in the words that the patient will see."""
    from . import offline  # noqa: PLC0415

    offline.templates(as_json=as_json)


@app.command()
def verify(
    file: Annotated[
        str, typer.Argument(help="A vp_token as JSON, or one presentation as text; - for stdin.")
    ],
    nonce: Annotated[str, typer.Option(help="The nonce that was asked with.")],
    audience: Annotated[str, typer.Option(help="The full client_id that asked.")],
    query: Annotated[Path, typer.Option(help="File with the DCQL query that was asked.")],
    as_json: AsJson = False,
) -> None:
    """Verify a presentation from a file, with the lists at hand and without any network."""
    from . import offline  # noqa: PLC0415

    offline.verify(file, nonce=nonce, audience=audience, query=query, as_json=as_json)


@app.command("verify-again")
def verify_again(
    file: Annotated[
        str, typer.Argument(help="A FHIR document saved with its presentation; - for stdin.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say whether a stored presentation still stands: withdrawn since, key given up, ended."""
    from . import again  # noqa: PLC0415

    again.again(file, as_json=as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check this desk's set-up and say what to mend."""
    from . import checking  # noqa: PLC0415

    checking.doctor(as_json=as_json)


@request.command("create")
def create(
    template: Annotated[str, typer.Argument(help="The name of a template.")],
    as_json: AsJson = False,
) -> None:
    """Open a request at the running desk and print its link."""
    from . import calling  # noqa: PLC0415

    calling.create(template, as_json=as_json)


@request.command("show", context_settings=IDS)
def show(
    request_id: Annotated[str, typer.Argument(help="The id that create printed.")],
    as_json: AsJson = False,
) -> None:
    """Show how far a request is, and its verified result."""
    from . import calling  # noqa: PLC0415

    calling.show(request_id, as_json=as_json)


@request.command("fhir")
def fhir(
    request_id: Annotated[str, typer.Argument(help="The id that create printed.")],
    presentation: Annotated[
        bool,
        typer.Option(
            "--presentation", help="Add the presentation, so that it can be checked again."
        ),
    ] = False,
) -> None:
    """Print the verified result as a FHIR R4 document."""
    from . import calling  # noqa: PLC0415

    calling.fhir(request_id, presentation=presentation)


@staff.command("codes")
def make_codes(
    count: Annotated[int, typer.Option(min=0, max=100, help="How many to make; 0 for none.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Make emergency codes for staff, in place of all others; each works once."""
    from . import staff as signing_in  # noqa: PLC0415

    signing_in.make_codes(count, as_json=as_json)


@receipts.command("list")
def list_receipts(as_json: AsJson = False) -> None:
    """List the latest receipts: time, whose, what kind, id. No content is kept."""
    from . import receipts as given  # noqa: PLC0415

    given.show(as_json=as_json)


@receipts.command("check")
def check_receipt(
    receipt: Annotated[str, typer.Argument(help="File with a receipt; - for stdin.")],
    presentation: Annotated[
        Path | None,
        typer.Option(help="A stored presentation: a vp_token, or what a FHIR document carries."),
    ] = None,
    card: Annotated[Path | None, typer.Option(help="A stored emergency card (its octets).")] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a receipt is this desk's, and belongs to what was stored."""
    from . import receipts as given  # noqa: PLC0415

    given.check(receipt, presentation=presentation, card=card, as_json=as_json)


@webhooks.command("add")
def add_webhook(
    name: Annotated[str, typer.Argument(help="The name of the API key whose requests are told.")],
    url: Annotated[str, typer.Argument(help="The https address to tell.")],
    as_json: AsJson = False,
) -> None:
    """Tell a system of a desk's requests; prints the secret once. Again: a second secret."""
    from . import webhooks as telling  # noqa: PLC0415

    telling.add(name, url, as_json=as_json)


@webhooks.command("list")
def list_webhooks(
    dead: Annotated[bool, typer.Option("--dead", help="Only those that were given up.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the latest messages: time, state, tries, last problem, id."""
    from . import webhooks as telling  # noqa: PLC0415

    telling.show(dead=dead, as_json=as_json)


@webhooks.command("retry", context_settings=IDS)
def retry_webhook(
    message_id: Annotated[str, typer.Argument(help="An id of the list, or all.")],
) -> None:
    """Begin anew with a message that was given up, or with all of them."""
    from . import webhooks as telling  # noqa: PLC0415

    telling.retry(message_id)


@hospital.command("jwks")
def hospital_jwks() -> None:
    """Print the public key to register with the record system; makes one where there is none."""
    from . import hospital as records  # noqa: PLC0415

    records.jwks()


@hospital.command("find", context_settings=IDS)
def hospital_find(
    request_id: Annotated[str, typer.Argument(help="The id of a request that was answered.")],
    as_json: AsJson = False,
) -> None:
    """Show which patients of the record system the result may be of, and what differs."""
    from . import hospital as records  # noqa: PLC0415

    records.find(request_id, as_json=as_json)


@hospital.command("write", context_settings=IDS)
def hospital_write(
    request_id: Annotated[str, typer.Argument(help="The id of a request that was answered.")],
    patient: Annotated[str, typer.Option(help="The patient whom you chose, by the id of find.")],
    seen: Annotated[
        str,
        typer.Option(help="The last word of their line in find: who they were then."),
    ],
    agree: Annotated[
        list[str] | None,
        typer.Option(help="A field that differs or is missing, and that you checked; one each."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add the result to the record of the patient whom you chose."""
    from . import hospital as records  # noqa: PLC0415

    records.write(request_id, patient=patient, seen=seen, agreed=agree or [], as_json=as_json)


@card.command("read")
def read_card(
    file: Annotated[
        str,
        typer.Argument(help="File with the text of the code or the typed letters; - for stdin."),
    ] = "-",
    *,
    reason: Annotated[
        int, typer.Option(help="Why it is read: 1 to 6 (4: emergency).", min=1, max=6)
    ],
    who: Annotated[str, typer.Option(help="Who reads it: your staff identity.")],
    role: Annotated[str | None, typer.Option(help="In which role it is read.")] = None,
    note: Annotated[str, typer.Option(help="What the reason is, where it is 6 (other).")] = "",
    photo: Annotated[Path | None, typer.Option(help="A photo or scan of the card.")] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="File to write the patient's receipt to.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read an emergency card with the lists at hand and without any network."""
    from verifier.service.cards import Reader  # noqa: PLC0415

    from . import cards  # noqa: PLC0415

    who_reads = Reader(who, reason, role, note)
    cards.read(file, photo=photo, reader=who_reads, receipt=receipt, as_json=as_json)
