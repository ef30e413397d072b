from dashboards.health import status_of
from kino_core.health import Health
from kino_core.project_states import ProjectStatus

BLOCKED, ON_TRACK = ProjectStatus.BLOCKED, ProjectStatus.ON_TRACK


def test_all_reasons_are_shown() -> None:
    found = status_of(Health(BLOCKED, ("2 open blockers", "It was to end on 2026-11-01"), BLOCKED, ()))
    assert (found.key, found.word) == ("blocked", "Blocked")
    assert found.reason == "2 open blockers; It was to end on 2026-11-01"


def test_a_managers_word_goes_first_and_the_rule_stays_visible() -> None:
    found = status_of(Health(ON_TRACK, ("The customer waits with us",), BLOCKED, ("2 open blockers",)))
    assert found.key == "on-track"
    assert found.reason == "The customer waits with us. By the rules: Blocked, 2 open blockers"


def test_where_nothing_happened_there_is_no_data() -> None:
    assert status_of(Health(None, ("Nothing has happened here yet",), None, ())).word == "No data"
