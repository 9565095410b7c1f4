"""The command that answers a hospital: who asks, why, which values, and then yes or no."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Annotated, Final

import typer

from . import people, session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.consent import ConsentQuestion, Tick
    from wallet.service import ShareReceipt, Wallet

Choices = Annotated[
    list[str] | None,
    typer.Option("--untick", help="A box to leave out, by number or name. May be given again."),
]
More = Annotated[
    list[str] | None,
    typer.Option("--tick", help="A box to tick, by number or name. May be given again."),
]


def present(
    request: Annotated[str, typer.Argument(help="The request: what the hospital's code says.")],
    *,
    untick: Choices = None,
    tick: More = None,
    share: Annotated[
        bool, typer.Option("--share", "--yes", help="Share what is ticked without asking again.")
    ] = False,
    decline: Annotated[bool, typer.Option("--decline", help="Share nothing.")] = False,
    look: Annotated[bool, typer.Option("--look", help="Only show the question.")] = False,
    person: session.Person = None,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Look at a hospital's request, choose what to share, and share it."""
    if share + decline + look > 1:
        raise typer.BadParameter("choose one of --share, --decline and --look")
    with session.unlocked(passphrase_file) as wallet:
        question = _prepared(wallet, request, person, asking=not (share or decline or look))
        numbers = _chosen(question, question.ticked, untick or (), tick or ())
        question = question.after(numbers)
        if look:
            _show(question, as_json=as_json)
            return
        if not (share or decline):
            answer = _converse(question)
            question = question.after(answer or ())
            decline = answer is None
        if decline:
            _decline(wallet, question)
        receipt = wallet.share(question)
    _show_receipt(receipt, as_json=as_json)


def _prepared(wallet: Wallet, request: str, person: str | None, *, asking: bool) -> ConsentQuestion:
    """The question about one person; whose it is, is asked for where somebody can answer."""
    from wallet.service import WhichPersonError  # noqa: PLC0415 - heavy: only when it runs

    try:
        return wallet.prepare(request, person)
    except WhichPersonError as error:
        session.say("Whose records do you want to show?")
        lines = [people.choice_line(choice) for choice in error.choices]
        session.say(*(f"  {number}. {words}" for number, words in enumerate(lines, start=1)))
        if not asking:
            raise
        number = session.pick(len(lines))
        return wallet.prepare(request, error.choices[number - 1].id)


def _decline(wallet: Wallet, question: ConsentQuestion) -> None:
    from healthpassport.errors import ServiceError  # noqa: PLC0415

    wallet.decline(question)
    raise ServiceError("consent.declined")


def _converse(question: ConsentQuestion) -> frozenset[int] | None:
    """Show and change ticks until the person says yes (the numbers) or no (None)."""
    while True:
        _show(question, as_json=False)
        words = _typed(question)
        if words == ["yes"]:
            return question.ticked
        if words == ["no"]:
            return None
        numbers = set(question.ticked)
        for word in words:
            numbers ^= {int(word)}
        question = question.after(numbers)


def _typed(question: ConsentQuestion) -> list[str]:
    """``yes`` or ``no``, alone, or numbers of boxes; asked again until it is one of them."""
    boxes = {str(tick.number) for tick in question.ticks}
    while True:
        words = _asked().casefold().replace(",", " ").split()
        unknown = [word for word in words if word not in boxes]
        if not unknown or words in (["yes"], ["no"]):
            return words
        session.say(f"There is no box {_listed(unknown)}. Nothing was changed or sent.")


def _asked() -> str:
    """The person's word; where nobody can answer, nothing is shared (``consent.required``)."""
    try:
        answer: str = typer.prompt(
            "Numbers to change, yes to share, no to keep it all", default="no", err=True
        )
    except typer.Abort as error:
        from healthpassport.errors import RequestError  # noqa: PLC0415

        raise RequestError("consent.required") from error
    return answer


def _chosen(
    question: ConsentQuestion,
    numbers: Collection[int],
    untick: Collection[str],
    tick: Collection[str],
) -> frozenset[int]:
    chosen = set(numbers)
    chosen -= {_find(question, name).number for name in untick}
    chosen |= {_find(question, name).number for name in tick}
    return frozenset(chosen)


def _find(question: ConsentQuestion, name: str) -> Tick:
    """The box with this number, or the first with this name."""
    wanted = name.strip().casefold()
    for tick in question.ticks:
        if wanted == str(tick.number) or wanted == tick.label.casefold():
            return tick
    raise typer.BadParameter(f"there is no box {name}")


def _show(question: ConsentQuestion, *, as_json: bool) -> None:
    if as_json:
        session.answer(_wire(question))
        return
    session.say(
        f"{question.asker} (Checked) asks for your records.",
        f"Why: {question.purpose}. {question.reason}",
        f"How long they keep it: {question.retention}",
    )
    session.say(*question.notes)
    section = ""
    for tick in question.ticks:
        if tick.section != section:
            section = tick.section
            session.say(section)
        session.say(_line(tick))
    if question.not_held:
        session.say(f"They also ask for this, which you do not hold: {_listed(question.not_held)}")
    if not question.satisfiable:
        session.say("You do not hold what they need.")
    session.say("You will still be treated if you share less, or nothing.")


def _line(tick: Tick) -> str:
    indent = "    " if tick.parent is not None else "  "
    mark = "x" if tick.ticked else " "
    words = f"{tick.label}: {tick.value}" if tick.value else tick.label
    return f"{indent}[{mark}] {tick.number} {words}"


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)


def _wire(question: ConsentQuestion) -> dict[str, Json]:
    ticks: list[Json] = [
        {
            "number": tick.number,
            "section": tick.section,
            "label": tick.label,
            "value": tick.value,
            "ticked": tick.ticked,
            "sensitive": tick.sensitive,
            "parent": tick.parent,
        }
        for tick in question.ticks
    ]
    return {
        "asker": question.asker,
        "ods": question.asker_ods,
        "checked": True,
        "purpose": question.purpose,
        "reason": question.reason,
        "retention": question.retention,
        "ticks": ticks,
        "notHeld": list(question.not_held),
        "canAnswer": question.satisfiable,
        "person": question.person,
        "actingFor": question.acting_for,
        "notes": list(question.notes),
    }


def _show_receipt(receipt: ShareReceipt, *, as_json: bool) -> None:
    if as_json:
        session.answer(
            {
                "asker": receipt.asker,
                "shared": list(receipt.what),
                "shownBefore": list(receipt.reused),
                "redirect": receipt.redirect,
                "redirectBlocked": receipt.redirect_blocked,
            }
        )
    else:
        for line in receipt.what:
            session.show(line)
    session.say(f"Shared with {receipt.asker}.")
    if receipt.reused:
        names = _listed(receipt.reused)
        session.say(
            f"{names}: all your copies were shown before.",
            "Those who saw one could tell that it was you.",
            "Your surgery can give you more of them.",
        )
    if receipt.redirect_blocked:
        session.say("Their page was not safe, so we did not open it.")


COMMANDS: Final[dict[str, Callable[..., None]]] = {"present": present}
