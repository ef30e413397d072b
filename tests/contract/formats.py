"""The formats of our own, as the rules of their nouns say them: what Schemathesis makes of each."""

import unicodedata
from datetime import datetime

from hypothesis import strategies as st

LENGTHS = [1, 2, 3, 4, 8, 60, 99, 100, 101, 199, 200, 201]
"""Those on both sides of every rule's end, and others: Schemathesis takes those that it needs."""


def _texts(letters: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # A few letters over and over: that many different ones would take long to make up.
    some = st.text(letters, min_size=1, max_size=8)
    made = st.builds(lambda text, length: (text * length)[:length], some, st.sampled_from(LENGTHS))
    return made.filter(lambda text: unicodedata.normalize("NFC", text).strip() == text)


FORMATS: dict[str, st.SearchStrategy[str]] = {
    "name": _texts(st.characters(categories=["L", "Nd"], include_characters="-_.&'()")),
    "line": _texts(st.characters(exclude_categories=["C", "Z"], include_characters=" ")),
    "time-zone": st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Asia/Kathmandu"]),
    "event-time": st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 30)).map(lambda time: f"{time.isoformat()}Z"),
    "cursor": st.text(st.characters(codec="ascii", categories=["L", "Nd"]), min_size=1, max_size=60),
}
