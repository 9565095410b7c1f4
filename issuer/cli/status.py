"""``passport-issuer status publish``: the status lists as files, for another web server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .opening import AsJson, Config, opened, show_json

if TYPE_CHECKING:
    from issuer.service import IssuerContext

status = typer.Typer(no_args_is_help=True, help="The lists that say which records still stand.")


@status.callback()
def _group() -> None:
    """Keep `publish` a command of its own."""


@status.command("publish")
def publish(
    folder: Annotated[Path, typer.Argument(help="Where the files `1`, `2`, ... are written.")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Sign every status list as it stands now, each to a file named by its number.

    Token status lists go into the folder itself, bitstring lists into `bitstring` in it.
    """
    from healthpassport.errors import ServiceError  # noqa: PLC0415 - cold start

    with opened(config) as issuer:
        try:
            count = 0
            for uri, path, text in _lists(issuer, folder):
                count += 1
                path.parent.mkdir(parents=True, exist_ok=True)
                partial = path.with_name(f"{path.name}.partial")
                partial.write_text(text, encoding="utf-8")
                partial.replace(path)
                if as_json:
                    show_json({"uri": uri, "file": str(path)})
                else:
                    typer.echo(f"{path}  {uri}")
            issuer.audit.write("status.published", who=issuer.audit.operator, lists=count)
        except OSError as error:
            raise ServiceError("issuer.folder") from error


def _lists(issuer: IssuerContext, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Every list: its address, its file, its text."""
    from issuer import service  # noqa: PLC0415 - cold start

    for uri in service.list_uris(issuer):
        number = uri.rpartition("/")[2]
        yield uri, folder / number, service.published_list(issuer, int(number)).text
    if service.has_did(issuer):
        for uri in service.bitstring_uris(issuer):
            number = uri.rpartition("/")[2]
            text = service.published_bitstring(issuer, int(number)).text
            yield uri, folder / "bitstring" / number, text
