"""Which passwords may be: long ones that nobody would try first."""

import pytest

from kino_api.password_policy import SHORTEST_PASSWORD, WeakPassword, checked_password
from kino_api.passwords import LONGEST_PASSWORD, hash_password, is_password

ABOUT = ("Ada Lovelace", "ada.lovelace@acme-corp.com")
SITE = "https://kino.acme-corp.com"


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "password1234567",
        "drowssapdrowssap",
        "P@ssw0rdP@ssw0rd",
        "123456789012345",
        "aaaaaaaaaaaaaaa",
        "qwertyuiopasdfgh",
        "iloveyouiloveyou",
        "letmeinletmein123",
        "abcdefghijklmnop",
        "changemechangeme",
        "correct horse battery staple",
        "CorrectHorseBatteryStaple1",
        "password" * 12,
    ],
)
def test_what_is_common_is_refused_repeated_reversed_or_padded(password: str) -> None:
    with pytest.raises(WeakPassword, match="among the first"):
        checked_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "kino kino kino kino",
        "Ada Lovelace 2026!",
        "ecalevoLecalevoL1",
        "ada.lovelace@acme-corp.com",
        "Acme-Corp-Kino-26",
        "KINOacmecorpLOVELACE",
    ],
)
def test_what_stands_for_this_kino_or_this_person_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword, match="little more than"):
        checked_password(password, *ABOUT, base_url=SITE)


@pytest.mark.parametrize(
    "password",
    [
        "lantern orbit mellow gravel",
        "ada likes her long walks",
        "lower case only words",
        "日本語のパスワードは長いです、はい",
        "🔑 pässwörd mit Ümläuten",
        "  spaces around are kept  ",
        "xK9#mQ2$vL5@nR8",
    ],
)
def test_any_characters_make_a_password_and_none_must(password: str) -> None:
    assert checked_password(password, *ABOUT, base_url=SITE) == password


def test_only_length_is_measured_and_nothing_is_cut_off() -> None:
    longest = ("a long list of many words " * 10)[:LONGEST_PASSWORD]
    for wrong in ("xK9#mQ2$vL5@nR", longest + "x"):
        with pytest.raises(WeakPassword, match=str(SHORTEST_PASSWORD) if len(wrong) < 20 else str(LONGEST_PASSWORD)):
            checked_password(wrong)
    assert len(longest) == LONGEST_PASSWORD
    stored = hash_password(checked_password("one word that is not like the others: " + "many of them, " * 8))
    assert not is_password("one word that is not like the others: " + "many of them, " * 7, stored)


def test_a_letter_written_in_two_ways_is_one_letter() -> None:
    composed, decomposed = "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e", "cafe\u0301 cre\u0300me bru\u0302le\u0301e"
    assert checked_password(decomposed) == composed
    assert is_password(decomposed, hash_password(composed))
    # Seventeen letters, however they are typed.
    assert len(checked_password(decomposed)) == len(composed)


def test_what_is_too_long_to_be_anybodys_is_nobodys() -> None:
    assert not is_password("x" * 100_000, hash_password("x"))
