"""``passport-issuer status publish``: the status lists as files, for another web server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .opening import AsJson, Config, opened, show_json

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
    """Sign every status list as it stands now and write each to a file named by its number."""
    from healthpassport.errors import ServiceError  # noqa: PLC0415 - cold start
    from issuer.service import list_uris, published_list  # noqa: PLC0415

    with opened(config) as issuer:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for uri in list_uris(issuer):
                number = uri.rpartition("/")[2]
                partial = folder / f"{number}.partial"
                partial.write_text(published_list(issuer, int(number)).text, encoding="ascii")
                partial.replace(folder / number)
                if as_json:
                    show_json({"uri": uri, "file": str(folder / number)})
                else:
                    typer.echo(f"{folder / number}  {uri}")
        except OSError as error:
            raise ServiceError("issuer.folder") from error
