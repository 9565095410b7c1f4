"""The one decoder and the one encoder: published vectors, tables of both kinds, round trips."""

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_inputs import shared

from healthpassport import encoding
from healthpassport.encoding import (
    MAX_BODY_BYTES,
    MAX_DEPTH,
    MAX_SAFE_INTEGER,
    dump_json,
    jcs,
    parse_json,
    parse_json_object,
    parse_source_json,
)
from healthpassport.errors import EncodingError

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | st.floats(
    allow_nan=False, allow_infinity=False
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def refused(code, function, *arguments, **options):
    with pytest.raises(EncodingError) as caught:
        function(*arguments, **options)
    assert caught.value.code == code


# --- JSON in -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"null", None),
        (b" \t\r\n[1, 2.5, -3]\n", [1, 2.5, -3]),
        (b'{"a": {"a": 1}}', {"a": {"a": 1}}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\ud83d"', "\\ud83d"),
        (b'"\\\\\\ud83d\\ude00"', "\\\U0001f600"),
        (b'"\\u0000"', "\x00"),
        ('"\u00e9"'.encode(), "\u00e9"),
        ('"\U0001f600"', "\U0001f600"),
        (b"9007199254740991", MAX_SAFE_INTEGER),
        (b"-9007199254740991", -MAX_SAFE_INTEGER),
        (b"1e300", 1e300),
        (b"1e-400", 0.0),
        (b"0", 0),
        (b"{}", {}),
    ],
)
def test_strict_json_is_read(data, value):
    assert parse_json(data) == value


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("json.invalid", b""),
        ("json.invalid", b" "),
        ("json.invalid", b"{"),
        ("json.invalid", b"[1,]"),
        ("json.invalid", b'{"a":1,}'),
        ("json.invalid", b"{'a':1}"),
        ("json.invalid", b"{a:1}"),
        ("json.invalid", b"1 2"),
        ("json.invalid", b"{}{}"),
        ("json.invalid", b"01"),
        ("json.invalid", b"+1"),
        ("json.invalid", b".5"),
        ("json.invalid", b"1."),
        ("json.invalid", b"tru"),
        ("json.invalid", b"// note\n1"),
        ("json.invalid", b'"\t"'),
        ("json.invalid", b'"\\x41"'),
        ("json.invalid", b'"\\u12"'),
        ("json.invalid", b"\xef\xbb\xbf{}"),
        ("json.invalid", b"\xff"),
        ("json.invalid", b'"\xc0\xaf"'),
        ("json.invalid", b'"\xed\xa0\x80"'),
        ("json.invalid", "{}".encode("utf-16")),
        ("json.invalid", "\xa01"),
        ("json.duplicate_key", b'{"vct":"a","vct":"a"}'),
        ("json.duplicate_key", b'{"exp":1,"exp":2}'),
        ("json.duplicate_key", b'[{"a":{"b":1,"b":1}}]'),
        ("json.duplicate_key", b'{"a":1,"\\u0061":1}'),
        ("json.number_invalid", b"NaN"),
        ("json.number_invalid", b"[Infinity]"),
        ("json.number_invalid", b"-Infinity"),
        ("json.number_invalid", b"1e400"),
        ("json.number_invalid", b"-1e400"),
        ("json.number_invalid", b"9007199254740992"),
        ("json.number_invalid", b"-9007199254740992"),
        ("json.number_invalid", b"1" + b"0" * 5000),
        ("json.number_invalid", b"-0"),
        ("json.number_invalid", b"[-0.0]"),
        ("json.number_invalid", b"-0e5"),
        ("json.text", b'"\\ud83d"'),
        ("json.text", b'"\\uDE00"'),
        ("json.text", b'"\\ude00\\ud83d"'),
        ("json.text", b'"\\ud83d\\\\\\ude00"'),
        ("json.text", b'"\\ud83d \\ude00"'),
        ("json.text", b'"\\ud83d\\n\\ude00"'),
        ("json.text", b'{"\\ud83d":1}'),
        ("json.text", '"\ud83d"'),
        ("limit.depth", b"[" * 33 + b"]" * 33),
        ("limit.depth", b'{"a":' * 33 + b"1" + b"}" * 33),
        ("limit.depth", b"[" * 100_000),
        ("limit.depth", b"[" * 100_000 + b"]" * 100_000),
    ],
)
def test_json_that_is_not_strict_is_refused(code, data):
    refused(code, parse_json, data)


def test_sdj_037_numbers_that_cannot_be_exact_are_refused():
    for text in ("NaN", "Infinity", "-0", "1e400", str(10**4000)):
        refused("json.number_invalid", parse_json, f'["salt", "name", {text}]')


def test_sdj_031_two_members_of_one_name_are_refused():
    for member in ("vct", "exp"):
        refused("json.duplicate_key", parse_json_object, f'{{"{member}": 1, "{member}": 1}}')


def test_json_of_a_record_system_keeps_digits_and_counts_doubled_members():
    value, doubled = parse_source_json(b'{"a": 1.50, "a": 2.50, "b": [{"c": 9007199254740993}, 7]}')
    assert value == {"a": "2.50", "b": [{"c": "9007199254740993"}, 7]}
    assert doubled == 1


@pytest.mark.parametrize(
    ("data", "doubled"),
    [
        (b'{"a": 1, "b": {"a": 2}}', 0),
        (b'{"a" : 1, "a": 2}', 1),
        (b'{"a"\n\t: 1, "b": {"c":1,"c":2}, "c": [{"d":1,"d":1}]}', 2),
        (b'{"a": ":", "b\\"": ": x", "c": "x\\":"}', 0),
        (b'{"a": ":", "b" : 1, "b": 2}', 1),
        (b'{"a\\\\": 1, "a\\\\": 2}', 1),
        (b'{"a" : ":", "a": 1}', 1),
        (b'{"\\u0061": 1, "a": 2}', 1),
        (b"[]", 0),
        (b"1", 0),
    ],
)
def test_every_object_that_names_a_member_twice_is_counted(data, doubled):
    value, found = parse_source_json(data)
    assert found == doubled
    assert value == json.loads(data)


@given(st.recursive(TEXT, lambda i: st.lists(i) | st.dictionaries(TEXT, i), max_leaves=8))
def test_a_tree_that_was_written_whole_doubles_nothing(value):
    for written in (json.dumps(value), json.dumps(value, indent=1, separators=(",", " : "))):
        assert parse_source_json(written.encode()) == (value, 0)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("json.number_invalid", b"NaN"),
        ("json.text", b'"\\ud800"'),
        ("json.invalid", b"\xff"),
        ("json.invalid", b"1 2"),
        ("limit.depth", b"[" * 40 + b"]" * 40),
        ("limit.size", b" " * 1_048_577),
    ],
)
def test_json_of_a_record_system_is_refused_where_no_reader_agrees(code, data):
    refused(code, parse_source_json, data)


def test_depth_is_counted_and_not_brackets():
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert len(parse_json(b"[" + b",".join([b"[]"] * 1000) + b"]")) == 1000
    refused("limit.depth", parse_json, b"[[[]]]", max_depth=2)


def test_size_is_judged_before_reading():
    assert parse_json(b" " * (MAX_BODY_BYTES - 1) + b"1") == 1
    refused("limit.size", parse_json, b" " * MAX_BODY_BYTES + b"1")
    refused("limit.size", parse_json, b"not even JSON", max_bytes=3)


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b'"{}"'])
def test_an_object_is_expected_where_one_is_asked_for(data):
    refused("json.invalid", parse_json_object, data)


def test_an_object_is_read():
    assert parse_json_object(b'{"a": 1}') == {"a": 1}


@given(st.binary(max_size=60) | st.text('{}[]",:\\ud8aAnN0123456789.-+e ', max_size=30))
def test_any_bytes_give_a_value_that_can_be_written_or_a_refusal(data):
    try:
        value = parse_json(data)
    except EncodingError:
        return
    assert json.loads(jcs(value)) == value


# --- JSON out ------------------------------------------------------------------------------------


@given(JSON)
def test_json_comes_back(value):
    if "-0.0" not in repr(value):
        assert parse_json(dump_json(value)) == value
        assert parse_json(dump_json(value, indent=2)) == value


def test_json_is_written_compact_or_for_people():
    assert dump_json({"a": [1, "é"]}) == '{"a":[1,"é"]}'.encode()
    assert dump_json({"a": 1}, indent=2) == b'{\n  "a": 1\n}'


@pytest.mark.parametrize("value", ["text", ["é", {"a": 1.5, "b": None}], {"deep": [[True]]}])
def test_an_interpreter_without_the_fast_encoder_writes_the_same(monkeypatch, value):
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert encoding._compact_encoder()(value) == dump_json(value).decode()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_is_never_written_with_a_number_that_is_none(value):
    with pytest.raises(ValueError, match="JSON compliant"):
        dump_json([value])
    refused("json.number_invalid", jcs, [value])


# --- JCS, RFC 8785 -------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_jcs_gives_the_published_bytes(name):
    folder = shared("vectors", "jcs-rfc8785")
    given_bytes = (folder / "input" / f"{name}.json").read_bytes()
    wanted = bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text())
    assert jcs(parse_json(given_bytes)) == wanted
    assert jcs(parse_json(wanted)) == wanted


# RFC 8785 appendix B: IEEE 754 bits and the number as ECMAScript writes it.
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_jcs_writes_numbers_as_the_appendix_does(bits, text):
    number = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert jcs(number) == text.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        ({"b": [], "a": {}}, '{"a":{},"b":[]}'),
        ([None, True, False], "[null,true,false]"),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),
        ('\x00\x1f"\\/\u2028\x7f', '"\\u0000\\u001f\\"\\\\/\u2028\x7f"'),
        ("\b\t\n\f\r", '"\\b\\t\\n\\f\\r"'),
        ([1.0, 100.0, -2.5], "[1,100,-2.5]"),
        (10**15, "1000000000000000"),
    ],
)
def test_jcs_of_small_values(value, text):
    assert jcs(value) == text.encode()


@pytest.mark.parametrize("value", [2**53, -(2**53), [2**64]])
def test_jcs_refuses_an_integer_that_is_not_safe(value):
    refused("json.number_invalid", jcs, value)


@pytest.mark.parametrize("value", ["\ud83d", ["\ude00"], {"\ud83d": 1}])
def test_jcs_refuses_half_a_character(value):
    refused("json.text", jcs, value)


@given(JSON)
def test_jcs_is_the_same_for_the_same_value_and_can_be_read(value):
    once = jcs(value)
    # A whole float beyond 2^53 is written like an integer (RFC 8785 section 3.2.2.3).
    assert jcs(json.loads(once, parse_int=float)) == once
