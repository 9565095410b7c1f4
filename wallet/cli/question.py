"""How a question looks at a terminal: who, why, boxes, ways to answer, and what will be seen.

What is *not* here: asking for an answer (``present``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from . import session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.consent import ConsentQuestion, Preview, Tick


def show_question(question: ConsentQuestion, preview: Preview, *, as_json: bool) -> None:
    """The question to a person, or to a program; ``preview`` is what they would see now."""
    if as_json:
        session.answer(_wire(question) | {"preview": _effects(preview)})
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
        session.say(*_lines(tick, question.language))
    for choice in question.choices:
        session.say(choice.title)
        for option in choice.options:
            mark = "x" if option.id == choice.chosen else " "
            session.say(f"  ({mark}) {option.label}   --choose {choice.id}={option.id}")
    if question.not_held:
        session.say(f"They also ask for this, which you do not hold: {listed(question.not_held)}")
    if not question.satisfiable:
        session.say("You do not hold what they need.")
    session.say("They will see:", *(f"  {effect.line}" for effect in preview.effects))
    session.say(*(effect.warning for effect in preview.effects if effect.warning))
    if preview.nothing:
        session.say(preview.nothing)
    session.say("You will still be treated if you share less, or nothing.")


def _lines(tick: Tick, language: str) -> list[str]:
    """The box with its words; below one that is not ticked, what that means."""
    from wallet.consent import needed_tag  # noqa: PLC0415 - heavy: only when it runs

    indent = "    " if tick.parent is not None else "  "
    mark = "x" if tick.ticked else " "
    words = f"{tick.label}: {tick.value}" if tick.value else tick.label
    tag = f" * {needed_tag(language)}" if tick.needed else ""
    line = f"{indent}[{mark}] {tick.number} {words}{tag}"
    return [line] if tick.ticked or not tick.note else [line, f"{indent}      {tick.note}"]


def listed(names: Collection[str]) -> str:
    """Names on one line."""
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
            "needed": tick.needed,
            "note": tick.note,
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
        "choices": [
            {
                "id": choice.id,
                "title": choice.title,
                "options": [{"id": o.id, "label": o.label} for o in choice.options],
                "chosen": choice.chosen,
            }
            for choice in question.choices
        ],
    }


def _effects(preview: Preview) -> dict[str, Json]:
    return {
        "nothing": preview.nothing,
        "records": [
            {
                "label": effect.label,
                "words": effect.words,
                "shown": effect.shown,
                "total": effect.total,
                "sent": effect.sent,
                "warning": effect.warning,
            }
            for effect in preview.effects
        ],
    }
