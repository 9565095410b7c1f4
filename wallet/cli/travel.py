"""Commands of travel mode: put the wallet away, bring it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import session

app = typer.Typer(help="Put your wallet away for a journey.", no_args_is_help=True)


@app.command("away")
def away(
    file: Annotated[Path, typer.Argument(help="The new file, for example on a USB stick.")],
    passphrase_file: session.PassphraseFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking again.")] = False,
    as_json: session.AsJson = False,
) -> None:
    """Move your wallet into one file, and wipe it here."""
    session.say(
        "This moves your wallet into the file, and wipes it here.",
        "Without the file and your passphrase, no one can bring it back.",
    )
    if not yes:
        typer.confirm("Go on?", abort=True, err=True)
    with session.unlocked_by(passphrase_file) as (wallet, way):
        gone = wallet.travel.away(file, way)
    if as_json:
        session.answer({"file": str(gone.path), "number": gone.number})
    else:
        session.show(f"{gone.path}")
    session.say(
        f"Your wallet is away. Its number is {gone.number}.",
        "Write the number down. When you bring it back, the number must be the same.",
        "This cannot hide all. Others may know that you have a wallet, or see the file.",
    )


@app.command("back")
def back(
    file: Annotated[Path, typer.Argument(help="The file that you put away.")],
    passphrase_file: session.PassphraseFile = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the file where it is.")] = False,
    as_json: session.AsJson = False,
) -> None:
    """Bring your wallet back from the file."""
    wallet = session.wallet()
    if wallet.exists:
        from healthpassport.errors import VaultError  # noqa: PLC0415

        raise VaultError("vault.exists")
    found = wallet.travel.back(file, session.passphrase(passphrase_file), keep=keep)
    wallet.close()
    if as_json:
        session.answer({"file": str(found.path), "number": found.number})
    else:
        session.show(f"{found.number}")
    session.say(
        f"Your wallet is back. Its number is {found.number}.",
        "If you wrote down some other number, this is an older wallet. Look for the right file.",
    )
