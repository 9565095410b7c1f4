"""``passport-issuer sources``: set up a record system as a source, try it, find people in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, say, show_json

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from issuer.service.sources import Found

sources = typer.Typer(no_args_is_help=True, help="Where the issuer itself reads patients' notes.")

From = Annotated[
    str | None, typer.Option("--from", help="Which source: folder, fhir or gp-connect.")
]


@sources.command("try")
def try_out(kind: From = None, config: Config = None, as_json: AsJson = False) -> None:
    """Ask each source, or the one that is named, what it can do now; exit code 1 if one cannot."""
    from healthpassport.errors import PassportError, SourceError  # noqa: PLC0415 - cold start
    from issuer.service.sources import kind_of  # noqa: PLC0415

    failed = False
    with opened(config) as issuer:
        kinds = [kind_of(issuer, kind)] if kind else list(issuer.sources)
        if not kinds:
            raise SourceError("source.none")
        for one in kinds:
            problem: str | None = None
            told: tuple[str, ...] = ()
            try:
                told = issuer.sources[one].describe()
            except PassportError as error:
                problem, failed = f"{error} {error.hint}", True
            _tell(one, told, problem, as_json=as_json)
    if failed:
        raise typer.Exit(1)


@sources.command()
def find(
    *,
    nhs_number: Annotated[str, typer.Option(help="The NHS number; - asks for it.")] = "",
    family: Annotated[str, typer.Option(help="The family name.")] = "",
    given: Annotated[list[str] | None, typer.Option(help="A given name; may be repeated.")] = None,
    born: Annotated[str, typer.Option(help="The date of birth, YYYY-MM-DD.")] = "",
    kind: From = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Find people by who they are: prints the name to make an offer by, and who they are."""
    from issuer.service.sources import Person, source  # noqa: PLC0415 - cold start

    if nhs_number == "-":
        nhs_number = typer.prompt("NHS number", err=True)
    person = Person(nhs_number, family, tuple(given or ()), born)
    with opened(config) as issuer:
        found = source(issuer, kind).find(person)
    if as_json:
        show_json({"found": [_row(one) for one in found]})
    else:
        for one in found:
            typer.echo("\t".join(_cells(one)))
    if not found:
        say("Nobody fits.")
        raise typer.Exit(1)


@sources.command()
def key(config: Config = None) -> None:
    """Print the key set to register with the FHIR server; the key is made where there is none."""
    from healthpassport.encoding import dump_json  # noqa: PLC0415 - cold start
    from healthpassport.protocols.smart import public_jwks  # noqa: PLC0415
    from issuer.service.record_systems import source_key  # noqa: PLC0415
    from issuer.settings import load  # noqa: PLC0415

    typer.echo(dump_json(public_jwks(source_key(load(config), make=True)), indent=2).decode())
    say("Register this key set with the record system, and set the client id that it gives.")


def _tell(kind: str, told: tuple[str, ...], problem: str | None, *, as_json: bool) -> None:
    if as_json:
        lines: list[Json] = list(told)
        show_json({"source": kind, "ok": problem is None, "told": lines, "problem": problem})
        return
    typer.echo(f"{'ok     ' if problem is None else 'WRONG  '}{kind}")
    for line in told if problem is None else (problem,):
        say(f"       {line}")


def _cells(one: Found) -> list[str]:
    name = ", ".join(part for part in (one.family_name.upper(), " ".join(one.given_names)) if part)
    marks = [word for word, so in (("gone", one.gone), ("restricted", one.restricted)) if so]
    number = one.nhs_number + ("" if one.number_checked or not one.nhs_number else " (not checked)")
    return [one.name, one.subject or "", name, one.birth_date, number, " ".join(marks)]


def _row(one: Found) -> dict[str, Json]:
    return {
        "name": one.name,
        "subject": one.subject,
        "familyName": one.family_name,
        "givenNames": list(one.given_names),
        "birthDate": one.birth_date,
        "nhsNumber": one.nhs_number,
        "numberChecked": one.number_checked,
        "gender": one.gender,
        "gone": one.gone,
        "restricted": one.restricted,
    }
