"""The page about the published examples says what the reader makes of them today."""

from pathlib import Path

import pytest
from published_report import page
from shared_inputs import shared

PAGE = Path(__file__).resolve().parents[2] / "docs" / "published.md"


@pytest.mark.shared
def test_the_page_of_the_published_examples_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(shared("fhir"))
