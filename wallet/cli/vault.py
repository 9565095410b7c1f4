"""Commands about the vault itself: init, unlock, lock, passphrase, mend, update, doctor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from . import session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.service import Wallet


def init(
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Make a new, empty wallet with a passphrase of your choice."""
    wallet = session.wallet()
    if wallet.exists:
        from healthpassport.errors import VaultError  # noqa: PLC0415

        raise VaultError("vault.exists")
    words = "Choose a passphrase"
    wallet.init(session.passphrase(passphrase_file, words=words, confirm=True))
    wallet.close()
    session.say(
        "Your vault is ready.",
        "Keep the passphrase safe. Nobody can open the vault without it, and nor can we.",
    )
    if as_json:
        session.answer({"ready": True})


def unlock(
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Try your passphrase, and check that the whole wallet can be read."""
    with session.unlocked(passphrase_file) as wallet:
        counts = wallet.check()
    session.say("The passphrase is right, and all in the wallet can be read.")
    if as_json:
        counted: dict[str, Json] = dict(counts)
        session.answer({"unlocked": True, "rows": counted})
    else:
        session.show(f"{counts['records']} records")


def lock(as_json: session.AsJson = False) -> None:
    """Say how the wallet is locked: each command locks it when it ends."""
    session.say(
        "The wallet is locked.",
        "Each command asks for your passphrase and locks the wallet when it ends.",
    )
    if as_json:
        session.answer({"locked": True})


def change_passphrase(
    passphrase_file: session.PassphraseFile = None,
    new_passphrase_file: Annotated[
        Path | None,
        typer.Option("--new-passphrase-file", help="File with the new passphrase.", exists=True),
    ] = None,
) -> None:
    """Choose a new passphrase; your records stay as they are."""
    wallet = session.wallet()
    old = session.passphrase(passphrase_file)
    new = session.passphrase(new_passphrase_file, words="New passphrase", confirm=True)
    wallet.change_passphrase(old, new)
    wallet.close()
    session.say("From now on the new passphrase opens your wallet.")


def mend(
    passphrase_file: session.PassphraseFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: session.AsJson = False,
) -> None:
    """Go on with what is sound in a wallet that is damaged or old. A copy is kept first."""
    session.say("This keeps what can be read, and drops what cannot. A copy is kept first.")
    if not yes:
        typer.confirm("Go on?", abort=True, err=True)
    wallet = session.wallet()
    kept, dropped = wallet.mend(wallet.ways.read(session.passphrase(passphrase_file)))
    wallet.close()
    session.say(f"The wallet as it was is kept as {kept.name}.")
    if as_json:
        counted: dict[str, Json] = dict(dropped)
        session.answer({"kept": str(kept), "dropped": counted})
    else:
        session.show(f"dropped: {sum(dropped.values())}")


def update(as_json: session.AsJson = False) -> None:
    """Fetch the newest list of who may issue and who may ask. Do this about once a week."""
    view = session.wallet().update_trust()
    listed = view.trust_list
    if as_json:
        session.answer(
            {
                "updated": view.updated_at.isoformat(),
                "listVersion": listed.version,
                "issuers": len(listed.issuers),
                "askers": len(listed.verifiers),
            }
        )
    else:
        session.show(f"{len(listed.issuers)} may issue, {len(listed.verifiers)} may ask")


def doctor(as_json: session.AsJson = False) -> None:
    """Check the set-up, and say what to mend."""
    from healthpassport.errors import PassportError  # noqa: PLC0415

    wallet = session.wallet()
    findings: list[tuple[str, str, str]] = []
    for name, look in (("vault", _look_at_vault), ("trust", _look_at_trust)):
        try:
            findings.append((name, "ok", look(wallet)))
        except PassportError as error:
            findings.append((name, error.code, f"{error.title} {error.hint}"))
    if as_json:
        rows: list[Json] = [
            {"part": part, "state": state, "words": words} for part, state, words in findings
        ]
        session.answer({"findings": rows})
    else:
        for part, state, words in findings:
            session.show(f"{part}: {state}. {words}")
    if any(state != "ok" for _, state, _ in findings):
        raise typer.Exit(1)


def _look_at_vault(wallet: Wallet) -> str:
    from healthpassport.errors import VaultError  # noqa: PLC0415

    if not wallet.exists:
        raise VaultError("vault.missing")
    wallet.look()
    return "The vault is there, and only you can read it."


def _look_at_trust(wallet: Wallet) -> str:
    from healthpassport.errors import TrustError  # noqa: PLC0415

    view = wallet.trust()
    if view.stale:
        raise TrustError("trust.stale")
    return f"The list of who may ask is {view.age.days} days old."


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "init": init,
    "unlock": unlock,
    "lock": lock,
    "change-passphrase": change_passphrase,
    "mend": mend,
    "update": update,
    "doctor": doctor,
}
