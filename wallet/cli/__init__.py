"""``passport-wallet``: the wallet's commands.

Each is parse, one call of ``wallet.service``, render. Data goes to stdout, words to stderr; the
passphrase and PINs come by prompt or file. What is *not* here: any decision.
"""

from __future__ import annotations

import typer

from healthpassport import terminal

from . import (
    backup,
    card,
    helping,
    pages,
    past,
    people,
    present,
    records,
    reports,
    travel,
    updates,
    vault,
    waiting,
    ways,
)

app = typer.Typer(
    name="passport-wallet",
    help="Keep your health records, and choose what to share.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _name, _command in (
    vault.COMMANDS
    | records.COMMANDS
    | updates.COMMANDS
    | present.COMMANDS
    | past.COMMANDS
    | pages.COMMANDS
).items():
    app.command(_name)(_command)
app.add_typer(past.receipt, name="receipt")
app.add_typer(travel.app, name="travel")
app.add_typer(card.app, name="card")
app.add_typer(people.app, name="people")
app.add_typer(helping.app, name="helper")
app.add_typer(reports.app, name="reports")
app.add_typer(waiting.app, name="waiting")
app.command("erase")(backup.erase)
app.add_typer(ways.app, name="ways")
app.add_typer(backup.app, name="backup")


def main() -> None:
    """Run the command line."""
    terminal.run(lambda: app(standalone_mode=True))


if __name__ == "__main__":
    main()
