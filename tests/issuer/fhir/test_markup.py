"""Narratives: every word is kept, whatever the markup, and no markup takes long."""

from __future__ import annotations

import pytest
from bounded import within
from hypothesis import given
from hypothesis import strategies as st

from issuer.fhir.markup import Tag, tokens
from issuer.fhir.narrative import read_narrative

HOSTILE = (
    *("<", "</", "<!", "<?", "<!--", "<![CDATA[", "<a ", '<a b="', "<a b='\"", "<td", "<p", "</p "),
    *("<td>", "<tr>", "<table><tr><td>", "<br/", "<br/>", "<script>", "&", "&#", "&#x", "&amp"),
)


def rows(markup):
    return [list(row) for row in read_narrative(markup).rows]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>Wasp</p>", [["Wasp"]]),
        ("<n:p xmlns:n='x'>Wasp</n:p>", [["Wasp"]]),
        ("<P>Wasp</P><p>Bee</p>", [["Wasp"], ["Bee"]]),
        ("<p>Wasp<!-- <p>Bee</p> --> sting</p>", [["Wasp sting"]]),
        ("<p><![CDATA[Wasp]]></p>", [["Wasp"]]),
        ("<!DOCTYPE x><?xml version='1.0'?><p>Wasp</p>", [["Wasp"]]),
        ('<p title="a > b">Wasp</p>', [["Wasp"]]),
        ("<p title='\">Wasp</p>", [["Wasp"]]),
        ("<p>Dose < 5 > 3 mg</p>", [["Dose < 5 > 3 mg"]]),
        ("<p>&lt;5 &#109;g &amp;c. &unknown; &#xD800;</p>", [["<5 mg &c. &unknown; \ufffd"]]),
        (f"<p>Wasp &#{'9' * 5000}; sting</p>", [["Wasp \ufffd sting"]]),
        ("<tr><td/><td>Wasp</td></tr>", [["", "Wasp"]]),
        ("<tr>Wasp</tr>", [["Wasp"]]),
        ("<tr><td>Wasp</td> sting</tr>", [["Wasp", "sting"]]),
        (
            "<tr><td>Wasp</td><td><table><tr><td>Bee</td></tr></table></td></tr>",
            [["Wasp", ""], ["Bee"]],
        ),
        ("<!-- Wasp", [["<!-- Wasp"]]),
    ],
)
def test_the_words_of_a_narrative_are_kept_row_by_row(markup, expected):
    assert rows(markup) == expected


@given(st.lists(st.sampled_from([*HOSTILE, "x", '"', "'", ">", "/>", "-->", "\n"])))
def test_any_markup_gives_tags_and_texts(parts):
    markup = "".join(parts)
    assert all(isinstance(token, Tag | str) for token in tokens(markup))
    assert read_narrative(markup).says_nothing is False


@given(st.lists(st.sampled_from(["<p>", "</p>", "<td>", "</td>", "<tr>", "</tr>", "<table>", "x"])))
def test_no_word_between_tags_is_lost(parts):
    told = "".join(cell for row in rows("".join(parts)) for cell in row)
    assert told.replace(" ", "") == "x" * parts.count("x")


@pytest.mark.parametrize("part", HOSTILE)
def test_markup_that_never_closes_takes_no_longer_than_its_length(part):
    # The square of this length would take minutes.
    within(2, lambda: read_narrative("<div>" + part * 50_000))
