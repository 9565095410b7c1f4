"""Lists for bulk runs: whatever is wrong with one, it is refused whole and without its words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.errors import SourceError
from issuer.service.bulk_lines import MAX_LINES, parse_lines


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"source\n",
        b"name\nx\n",
        b"source,colour\nx,red\n",
        b"source\nx,y\n",
        b"nhs_number\n1234567890\n",
        b"nhs_number,source\n9990000018,x\n",
        b"nhs_number,source\n,\n",
        b"source\nx\nx\n",
        b"nhs_number\n9990000018\n999 000 0018\n",
        b"source\n" + b"x" * 201 + b"\n",
        b"\xff\xfesource\nx\n",
        b'source\n"x\n',
        b"{}",
        b'{"lines": 1}',
        b'{"lines": [1]}',
        b'{"lines": [{"source": 1}]}',
        b'{"lines": [{"source": "x"}, {"source": "x"}]}',
        b'{"lines": [{"nhs_number": "9990000018", "name": "x"}]}',
        b"source\n" + b"\n".join(b"%d" % n for n in range(MAX_LINES + 1)),
        b"x" * (2 * 1_048_576 + 1),
    ],
)
def test_a_list_with_something_wrong_is_refused_whole_without_its_words(text):
    with pytest.raises(SourceError) as caught:
        parse_lines(text)
    assert caught.value.code == "bulk.list"
    assert "9990000018" not in str(caught.value)
    assert "1234567890" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda t: f"source\n{t}".encode()))
def test_any_bytes_are_a_list_or_refused(raw):
    try:
        found = parse_lines(raw)
    except SourceError:
        return
    assert [line.number for line in found] == list(range(1, len(found) + 1))
