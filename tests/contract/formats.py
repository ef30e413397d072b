"""The formats of our own, as the rules of their nouns say them: what Schemathesis makes of each."""

import unicodedata
from datetime import datetime

from hypothesis import strategies as st

LENGTHS = [1, 2, 3, 4, 8, 60, 99, 100, 199, 200]
"""Those that a rule ends at, and others."""


def _texts(letters: st.SearchStrategy[str], *, shortest: int = 1) -> st.SearchStrategy[str]:
    lengths = [length for length in LENGTHS if length >= shortest]
    # A few letters over and over: that many different ones would take long to make up.
    made = st.builds(
        lambda some, length: (some * length)[:length], st.text(letters, min_size=1), st.sampled_from(lengths)
    )
    return made.filter(lambda text: unicodedata.normalize("NFC", text).strip() == text)


FORMATS: dict[str, st.SearchStrategy[str]] = {
    "name": _texts(st.characters(categories=["L", "Nd"], include_characters="-_.&'()"), shortest=3),
    "line": _texts(st.characters(exclude_categories=["C", "Z"], include_characters=" ")),
    "time-zone": st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Asia/Kathmandu"]),
    "event-time": st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 30)).map(lambda time: f"{time.isoformat()}Z"),
    "cursor": st.text(st.characters(codec="ascii", categories=["L", "Nd"]), min_size=1, max_size=60),
}
