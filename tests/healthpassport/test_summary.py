"""Records as values and on the wire: what is carried over, and everything that is refused."""

import copy
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from record_examples import (
    AS_OF,
    LATEX,
    NO_ALLERGIES,
    PENICILLIN,
    SUBJECT,
    allergies,
    identity,
    medicines,
    records,
)

from healthpassport.encoding import dump_json, parse_json_object
from healthpassport.errors import RecordError
from healthpassport.summary import (
    Item,
    PatientSummary,
    Record,
    SectionState,
    Source,
    definition,
    definition_for_vct,
    disclosure_tree,
    from_payload,
    record_types,
    to_payload,
    validate,
)

slow_draws = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def refused(code, function, *arguments):
    with pytest.raises(RecordError) as caught:
        function(*arguments)
    assert caught.value.code == code


def payload(**changes):
    """The wire object of the example, with members replaced; None takes one out."""
    changed = copy.deepcopy(to_payload(allergies())) | changes
    return {name: value for name, value in changed.items() if value is not None}


def test_the_wire_object_is_the_one_of_the_design():
    assert to_payload(allergies(negations=(NO_ALLERGIES,))) == {
        "vct": "https://passport.example/vct/AllergySummary/1",
        "source": {"ods": "A12345", "name": "Example Surgery", "system": "demo"},
        "state": "items",
        "itemCount": 2,
        "asOf": "2026-11-01",
        "window": "all",
        "warnings": [],
        "endedCount": 0,
        **SUBJECT,
        "items": [
            {"unit": dict(PENICILLIN.unit), "onset": "2001"},
            {"unit": {"text": "Latex"}, "onset": "2010"},
        ],
        "negations": [{"unit": {"text": "No known allergies", "kind": "negated"}}],
    }


def test_without_items_the_member_is_left_out():
    found = to_payload(allergies(state=SectionState.NONE_KNOWN, items=()))
    assert "items" not in found
    assert "negations" not in found
    assert found["itemCount"] == 0


def test_an_identity_counts_its_fields():
    found = to_payload(identity())
    assert found["itemCount"] == len(SUBJECT) + 2
    assert "items" not in found
    assert found["deceased"] is False


@given(records())
@slow_draws
def test_every_record_comes_back_from_the_wire_as_it_went(record):
    sent = parse_json_object(dump_json(to_payload(record)))
    found = from_payload(sent)
    assert Record(
        found.type,
        found.source,
        found.state,
        found.as_of,
        found.window,
        found.warnings,
        found.subject,
        found.items,
        found.negations,
        found.always,
    ) == replace(record, subject=dict(record.subject), always=dict(record.always))
    assert found.complete
    assert found.shown == found.item_count


def test_a_partly_disclosed_record_says_how_much_is_shown():
    shown = payload(items=[to_payload(allergies())["items"][1]], nhsNumber=None)
    found = from_payload(shown | {"iss": "https://gp.example", "exp": 1, "cnf": {}, "status": {}})
    assert (found.shown, found.item_count, found.complete) == (1, 2, False)
    assert found.items == (LATEX,)
    assert "nhsNumber" not in found.subject


@pytest.mark.parametrize("hidden", [None, []], ids=["left out", "empty"])
def test_a_record_with_every_item_held_back_shows_none_of_them(hidden):
    found = from_payload(payload(items=hidden))
    assert (found.shown, found.item_count) == (0, 2)
    assert found.state is SectionState.ITEMS


def test_an_item_can_come_without_any_of_its_fields():
    found = from_payload(payload(items=[{"unit": {"text": "Latex"}}]))
    assert found.items == (Item({"text": "Latex"}),)


def test_a_summary_finds_a_record_by_its_type():
    summary = PatientSummary((identity(), allergies()))
    assert summary.record("AllergySummary") == allergies()
    assert summary.record("ProblemSummary") is None


def test_the_record_types_stand_in_reading_order():
    assert record_types() == (
        "PatientIdentity",
        "AllergySummary",
        "MedicationSummary",
        "NarrativeSummary",
        "AdvanceCarePlan",
        "ProblemSummary",
        "DeviceImplant",
        "PregnancyStatus",
        "ProcedureSummary",
        "CommunicationNeeds",
        "EmergencyContacts",
        "KeyResults",
        "ImmunisationSummary",
        "ProxyAuthority",
        "EmergencySummary",
        "PatientStated",
    )


@pytest.mark.parametrize("name", record_types())
def test_a_definition_is_found_by_type_and_by_vct(name):
    assert definition(name).vct == f"https://passport.example/vct/{name}/1"
    assert definition_for_vct(definition(name).vct) is definition(name)


@pytest.mark.parametrize(
    "name", ["", "allergysummary", "DentalSummary", "../errors/record", "_common"]
)
def test_an_unknown_type_is_refused(name):
    refused("record.type_unknown", definition, name)
    refused("record.type_unknown", disclosure_tree, name)
    refused("record.type_unknown", validate, allergies(type=name))


@pytest.mark.parametrize(
    "vct",
    [
        None,
        "",
        7,
        ["https://passport.example/vct/AllergySummary/1"],
        "https://passport.example/vct/AllergySummary/2",
        "https://passport.example/vct/AllergySummary/1/",
        "https://passport.example/vct/allergysummary/1",
        "http://passport.example/vct/AllergySummary/1",
        "AllergySummary",
    ],
)
def test_an_unknown_vct_is_refused(vct):
    refused("record.type_unknown", from_payload, payload(vct=vct))


def test_the_disclosure_tree_holds_subject_items_fields_and_negations():
    assert disclosure_tree("AllergySummary") == (
        ("nhsNumber",),
        ("familyName",),
        ("givenNames",),
        ("birthDate",),
        ("items", None),
        ("items", None, "onset"),
        ("items", None, "recorder"),
        ("negations", None),
    )
    assert all(len(path) == 1 for path in disclosure_tree("PatientIdentity"))


NEVER_DISCLOSED = {"vct", "source", "state", "itemCount", "asOf", "window", "warnings", "unit"}


@pytest.mark.parametrize("name", record_types())
def test_no_disclosure_holds_what_cannot_be_hidden(name):
    plain = (
        NEVER_DISCLOSED | set(definition(name).always_fields) | set(definition(name).unit_fields)
    )
    for path in disclosure_tree(name):
        assert path[-1] not in plain


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("record.member_unknown", {"extra": 1}),
        ("record.member_unknown", {"_sd": []}),
        ("record.member_unknown", {"_sd_alg": "sha-256"}),
        ("record.member_unknown", {"sub": "somebody"}),
        ("record.member_unknown", {"gender": "female"}),
        ("record.member_unknown", {"items": [{"unit": {"text": "x"}, "start": "2001"}]}),
        ("record.member_unknown", {"items": [{"unit": {"text": "x", "dose": "1"}}]}),
        ("record.member_unknown", {"items": [{"unit": {"text": "x", "onset": "2001"}}]}),
        (
            "record.member_unknown",
            {"negations": [{"unit": {"text": "x", "kind": "negated"}, "a": 1}]},
        ),
        ("record.member_unknown", {"negations": [{"unit": {"text": "x", "criticality": "low"}}]}),
        ("record.member_missing", {"state": None}),
        ("record.member_missing", {"itemCount": None}),
        ("record.member_missing", {"asOf": None}),
        ("record.member_missing", {"window": None}),
        ("record.member_missing", {"warnings": None}),
        ("record.member_missing", {"source": None}),
        ("record.member_missing", {"endedCount": None}),
        ("record.member_missing", {"items": [{"unit": {"clinicalStatus": "active"}}]}),
        ("record.member_missing", {"negations": [{"unit": {"text": "No known allergies"}}]}),
        ("record.unit_missing", {"items": [{}]}),
        ("record.unit_missing", {"items": [{"onset": "2001"}]}),
        ("record.unit_missing", {"items": [{"unit": {}}]}),
        ("record.unit_missing", {"items": [{"unit": "Penicillin"}]}),
        ("record.unit_missing", {"items": [{"unit": None}]}),
        ("record.unit_missing", {"negations": [{"text": "No known allergies"}]}),
        ("record.unit_missing", {"negations": [{"unit": {}}]}),
        ("record.value", {"items": "Penicillin"}),
        ("record.value", {"items": {"unit": {"text": "x"}}}),
        ("record.value", {"items": ["Penicillin"]}),
        ("record.value", {"items": [{"unit": {"text": ""}}]}),
        ("record.value", {"items": [{"unit": {"text": ["x"]}}]}),
        ("record.value", {"items": [{"unit": {"text": "x", "coding": []}}]}),
        ("record.value", {"items": [{"unit": {"text": "x", "coding": [{}]}}]}),
        ("record.value", {"items": [{"unit": {"text": "x", "coding": [{"version": "1"}]}}]}),
        ("record.value", {"items": [{"unit": {"text": "x", "verificationStatus": "refuted"}}]}),
        (
            "record.value",
            {"items": [{"unit": {"text": "x", "verificationStatus": "entered-in-error"}}]},
        ),
        ("record.value", {"negations": "none"}),
        ("record.value", {"negations": [{"unit": {"text": "x", "kind": "denied"}}]}),
        ("record.value", {"state": "no_allergies"}),
        ("record.value", {"state": ["items"]}),
        ("record.value", {"state": "not_shared"}),
        ("record.value", {"itemCount": -1}),
        ("record.value", {"itemCount": "2"}),
        ("record.value", {"itemCount": 2.5}),
        ("record.value", {"itemCount": True}),
        ("record.value", {"asOf": "2026-11"}),
        ("record.value", {"asOf": "20261101"}),
        ("record.value", {"asOf": "2026-02-30"}),
        ("record.value", {"asOf": "2026-11-01\n"}),
        ("record.value", {"asOf": "\u0662\u0660\u0662\u0666-\u0661\u0661-\u0660\u0661"}),
        ("record.value", {"asOf": "2026-11-01T00:00:00Z"}),
        ("record.value", {"window": ""}),
        ("record.value", {"warnings": "none"}),
        ("record.value", {"warnings": [7]}),
        ("record.value", {"source": {"ods": "A12345"}}),
        ("record.value", {"source": {"ods": "A1", "name": "n", "system": "s", "more": 1}}),
        ("record.value", {"endedCount": 1.0}),
        ("record.value", {"nhsNumber": "9990000018"}),
        ("record.value", {"nhsNumber": {"value": "999 000 0018"}}),
        ("record.value", {"nhsNumber": {"value": "\uff19" * 10}}),
        ("record.value", {"nhsNumber": {"verificationStatus": "01"}}),
        ("record.value", {"birthDate": "14-Jul-1958"}),
        ("record.value", {"birthDate": "1958-13"}),
        ("record.value", {"givenNames": "Given"}),
        ("record.value", {"givenNames": []}),
        ("record.value", {"familyName": {"value": "Example"}}),
        ("record.count", {"itemCount": 1}),
        ("record.count", {"itemCount": 0}),
        ("record.state", {"state": "none_known"}),
        ("record.state", {"state": "not_recorded"}),
        ("record.state", {"state": "only_inactive"}),
        ("record.state", {"state": "none_known", "items": None}),
        ("record.state", {"state": "withheld", "items": None}),
        ("record.state", {"itemCount": 0, "items": None}),
    ],
)
def test_a_payload_that_its_definition_does_not_allow_is_refused(code, changes):
    base = payload()
    if isinstance(changes.get("items"), list):
        base["itemCount"] = 3
    changed = base | changes
    wanted = {n: v for n, v in changed.items() if v is not None or n not in base}
    refused(code, from_payload, wanted)


@pytest.mark.parametrize(
    ("code", "record"),
    [
        ("record.member_missing", allergies(always={})),
        ("record.member_unknown", allergies(always={"endedCount": 0, "deceased": False})),
        ("record.value", allergies(always={"endedCount": -1})),
        ("record.member_unknown", allergies(subject=SUBJECT | {"postcode": "ZZ99 3CZ"})),
        ("record.value", allergies(subject=SUBJECT | {"nhsNumber": {"value": "12345"}})),
        ("record.value", allergies(source=Source("", "Example Surgery", "demo"))),
        ("record.value", allergies(window="")),
        ("record.value", allergies(warnings=("",))),
        ("record.unit_missing", allergies(items=(Item({}),))),
        ("record.unit_missing", allergies(negations=(Item({}),))),
        ("record.member_unknown", allergies(items=(Item({"text": "x"}, {"unit": {}}),))),
        ("record.member_unknown", allergies(negations=(Item(NO_ALLERGIES.unit, {"onset": "1"}),))),
        ("record.state", allergies(items=())),
        ("record.state", allergies(items=(Item({"text": "x", "clinicalStatus": "resolved"}),))),
        ("record.state", allergies(state=SectionState.NONE_KNOWN)),
        ("record.state", allergies(state=SectionState.NO_INFORMATION)),
        ("record.state", allergies(state=SectionState.WITHHELD)),
        ("record.state", allergies(state=SectionState.NARRATIVE_ONLY)),
        ("record.state", medicines("stopped")),
        ("record.state", medicines("stopped", state=SectionState.NONE_KNOWN)),
        ("record.state", medicines("stopped", "unknown", state=SectionState.ONLY_INACTIVE)),
        ("record.count", medicines("current", current=2)),
        ("record.count", medicines("current", "stopped", recentlyStopped=0)),
        ("record.count", medicines("on_hold", onHold=0)),
        ("record.value", medicines("paused")),
        ("record.value", medicines("current", paused=1)),
        ("record.state", identity(state=SectionState.NOT_RECORDED)),
        ("record.state", identity(subject={})),
        ("record.member_unknown", identity(items=(LATEX,))),
        ("record.member_unknown", identity(negations=(NO_ALLERGIES,))),
        ("record.value", identity(subject={"gender": "F"})),
        ("record.value", identity(subject={"ageOver18": "yes"})),
        ("record.value", identity(always={"deceased": "no"})),
    ],
)
def test_a_record_that_its_definition_does_not_allow_is_never_issued(code, record):
    refused(code, validate, record)
    refused(code, to_payload, record)


@pytest.mark.parametrize(
    "record",
    [
        medicines("current", "on_hold", "planned", "not_given", "unknown", "stopped"),
        medicines("on_hold"),
        medicines("not_given"),
        medicines("unknown"),
        medicines("stopped", state=SectionState.ONLY_INACTIVE),
        medicines("stopped", state=SectionState.NO_INFORMATION),
        medicines(state=SectionState.NOT_RECORDED),
        medicines(state=SectionState.ONLY_INACTIVE),
        allergies(state=SectionState.NONE_KNOWN, items=(), negations=(NO_ALLERGIES,)),
        allergies(negations=(NO_ALLERGIES,)),
        allergies(state=SectionState.ONLY_INACTIVE, items=(), always={"endedCount": 3}),
        identity(subject={"gender": "unknown"}),
        identity(subject={"birthDate": "1958"}),
        identity(subject={"birthDate": "1958-07"}),
    ],
)
def test_states_that_their_items_bear_out_are_issued(record):
    assert from_payload(to_payload(record)).complete


def test_medicine_counts_are_held_against_what_is_shown():
    sent = to_payload(medicines("current", "stopped"))
    assert from_payload(sent | {"items": sent["items"][:1]}).shown == 1
    lying = sent | {"counts": {"current": 0, "onHold": 1, "recentlyStopped": 1}}
    refused("record.count", from_payload, lying)
    refused("record.count", from_payload, lying | {"items": sent["items"][:1]})


def test_an_identity_cannot_show_more_fields_than_it_counts():
    sent = to_payload(identity())
    refused("record.count", from_payload, sent | {"itemCount": 1})
    refused("record.count", from_payload, sent | {"itemCount": 0})
    nothing = {name: value for name, value in sent.items() if name not in identity().subject}
    refused("record.state", from_payload, nothing | {"itemCount": 0})
    assert from_payload(nothing).shown == 0
    refused("record.member_unknown", from_payload, sent | {"items": []})


def test_an_error_never_repeats_a_value_of_the_record():
    with pytest.raises(RecordError) as caught:
        from_payload(payload(nhsNumber={"value": "secret-value"}))
    assert "secret-value" not in str(caught.value.problem())


def test_the_day_of_a_record_is_a_date():
    assert from_payload(payload()).as_of == AS_OF
