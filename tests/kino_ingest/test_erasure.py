"""Erasing a person from the log: no trace but the pseudonym, and the tables are what folding the log anew gives."""

import gzip
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kino_core.database import Database
from kino_core.events import stable_id
from kino_core.privacy.erasures import Erasure, Step, Work, next_work, request_erasure
from kino_core.privacy.subjects import NotAPerson, UnknownPerson, find_by_email, namesakes
from kino_ingest import erasure
from kino_ingest.audit.chain import AuditKey
from kino_ingest.backfill import backfill, read_history_file
from kino_ingest.erasure import erase_from_log
from kino_ingest.git import commit_events, parse_record, read_records
from kino_ingest.landing import Outcome
from tests.kino_ingest.events import (
    agent_event,
    fold_all,
    git_events,
    github_event,
    landed,
    one,
    pull_request,
    record,
    rows,
    sha,
    shared_history,
)
from tests.kino_ingest.test_fold import state

ADA = "ada@example.org"
MINE = b"ada lovelace"
USER = uuid.UUID(int=7)
KEY = AuditKey(Ed25519PrivateKey.generate())


def _erased(database: Database, database_url: str, email: str = ADA) -> Erasure:
    with database.write() as session:
        asked = request_erasure(session, find_by_email(session, email))
    with database.read() as session:
        work = next_work(session, Step.LOG, asked.id)
    assert work is not None
    erase_from_log(database_url, work, KEY)
    return asked


def _everything(database_url: str) -> Iterator[tuple[str, bytes]]:
    """Yield each row of each table of ours as text, bytes decoded."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('kino', 'landing', 'lake') AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        ).fetchall()
        for (table,) in tables:
            for row in connection.execute(f"SELECT * FROM {table}"):
                texts = (each if isinstance(each, bytes) else json.dumps(each, default=str).encode() for each in row)
                yield table, b"\x00".join(texts)


def _traces(database_url: str, *needles: bytes) -> list[str]:
    """Return where one of the texts still stands, but for the row that says whom to erase."""
    return [
        f"{table}: {row[:2000]!r}"
        for table, row in _everything(database_url)
        if table != "kino.erasure" and any(needle.lower() in row.lower() for needle in needles)
    ]


def _refolded(database: Database) -> dict[str, list[Any]]:
    """Return the tables as folding the log anew makes them."""
    with database.write() as session:
        session.exec_driver_sql('UPDATE kino."user" SET person_id = NULL')
        session.exec_driver_sql("""
            TRUNCATE landing.dead_letter, landing.fold_window, kino.repository, kino.person, kino.agent, kino.identity,
                kino.agent_activity, kino."commit", kino.pull_request CASCADE
        """)
        session.exec_driver_sql("UPDATE landing.fold_cursor SET low = '0'")
    fold_all(database)
    return state(database)


def _history() -> list[Any]:
    """Return events that name Ada in every way that the log knows."""
    git = git_events(
        record(1, "Begin, says Ada Lovelace"),
        record(2, "Wings (#7)", author="ada l.", email="ADA@example.org"),
        record(
            3,
            "Merge pull request #7 from someone/fly",
            author="Kim",
            email="kim@example.org",
            trailers=f"Signed-off-by: A. L. <{ADA}>\nCo-authored-by: Ada Lovelace <{ADA}>\nReviewed-by: ADA LOVELACE",
        ),
        record(4, "By machine", author="Ada Lovelace (aider)"),
        record(5, f"Ask {ADA} or Adamson", author="Kim", email="kim@example.org"),
        record(6, "Somebody else", author="Ada Lovelace", email="ada.lovelace@elsewhere.example"),
        record(7, "Nobody's", author="Ada Lovelace", email=""),
        record(8, "Amiss", author="Kim", email="kim@example.org", trailers=f"Co-authored-by: Ada {ADA}"),
    )
    push = {
        "ref": "refs/heads/main",
        "pusher": {"name": "Ada Lovelace", "email": ADA},
        "ratio": 1.10,
        "commits": [
            {
                "id": sha(9),
                "message": f"Change\n\nCo-authored-by: Ada Lovelace <{ADA}>",
                "timestamp": "2026-03-06T10:00:00Z",
                "author": {"name": "Ada Lovelace", "email": ADA, "username": "whoever"},
            }
        ],
    }
    reports = [
        agent_event("a1", "blocker_identified", data={"description": f"waits for Ada Lovelace ({ADA})", "n": 0.10}),
        agent_event("a2", agent_id=f"claude of {ADA}"),
    ]
    return [*git, github_event("push", "p1", push), *reports]


def test_nothing_names_the_person_and_folding_anew_gives_the_same(database: Database, database_url: str) -> None:
    landed(database, _history())
    landed(database, [agent_event("a1", data={"description": "Ada Lovelace contradicts"})])
    fold_all(database)
    before = _counts(database)
    asked = _erased(database, database_url)
    after = state(database)
    assert after == _refolded(database)
    assert _traces(database_url, ADA.encode(), b"a. l.", b"ada l.") == []
    # Somebody with another address is somebody else, whatever the name.
    assert {each.partition(":")[0] for each in _traces(database_url, MINE)} == {
        "landing.event",
        "kino.identity",
        "kino.person",
    }
    assert all("elsewhere.example" in each for each in _traces(database_url, MINE) if "landing" in each)
    assert _counts(database) == before
    [person] = rows(database, "SELECT id, name FROM kino.person WHERE name LIKE 'Person %%'")
    assert person == (asked.person_id, asked.pseudonym)
    assert one(database, "SELECT count(*) FROM kino.identity WHERE person_id = %s", asked.person_id) == 1


def _counts(database: Database) -> list[Any]:
    """Return the commits and lines of every author, whatever they are called; Ada's few identities as one."""
    return sorted(
        rows(
            database,
            'SELECT count(*), sum(lines_added), array_agg(sha ORDER BY sha) FROM kino."commit"'
            " GROUP BY CASE WHEN author_key LIKE '%%aider' THEN 'aider'"
            " WHEN author_key ~ 'kim|elsewhere' THEN author_key ELSE 'ada' END",
        )
    )


def test_an_answer_that_is_given_again_names_the_person_no_more(database: Database, database_url: str) -> None:
    landed(database, _history())
    fold_all(database)
    with database.write() as session:
        session.exec_driver_sql(
            'INSERT INTO kino."user" (id, email, name, password_hash) VALUES (%s, %s, %s, %s)',
            (USER, "grace@example.org", "Grace", "none"),
        )
        answer = json.dumps({"description": f"Ask {ADA}", "n": 0.10}).encode()
        session.exec_driver_sql(
            "INSERT INTO kino.idempotency_key (user_id, key, request_hash, status, headers, answer)"
            " VALUES (%s, %s, %s, 201, CAST(%s AS jsonb), %s)",
            (USER, f"invite {ADA}", b"hash", json.dumps({"Location": f"/{ADA}"}), answer),
        )
    asked = _erased(database, database_url)
    assert _traces(database_url, ADA.encode()) == []
    address = f"{asked.pseudonym.removeprefix('Person ')}@erased.invalid"
    kept = rows(database, "SELECT key, headers ->> 'Location', convert_from(answer, 'UTF8') FROM kino.idempotency_key")
    assert kept == [(f"invite {address}", f"/{address}", f'{{"description":"Ask {address}","n":0.1}}')]


def test_bodies_are_what_the_rewritten_raw_bytes_say(database: Database, database_url: str) -> None:
    landed(database, _history())
    fold_all(database)
    _erased(database, database_url)
    for source, body, raw in rows(database, "SELECT source, body, raw FROM landing.event"):
        assert body == (parse_record(bytes(raw)) if source == "git" else json.loads(bytes(raw)))
    assert b'"ratio":1.1' in bytes(one(database, "SELECT raw FROM landing.event WHERE event_id = 'p1'"))


def test_the_original_delivered_again_is_a_duplicate_and_stores_nothing(database: Database, database_url: str) -> None:
    events = _history()
    landed(database, events)
    fold_all(database)
    _erased(database, database_url)
    assert set(landed(database, events)) == {Outcome.DUPLICATE}
    assert _traces(database_url, ADA.encode()) == []


def test_a_later_event_of_the_address_is_a_new_person(database: Database, database_url: str) -> None:
    landed(database, git_events(record(1)))
    fold_all(database)
    asked = _erased(database, database_url)
    landed(database, git_events(record(2)))
    fold_all(database)
    people = rows(database, "SELECT id, name FROM kino.person WHERE kind = 'human' ORDER BY name")
    assert people == [(stable_id("person", f"email:{ADA}"), "Ada Lovelace"), (asked.person_id, asked.pseudonym)]


def test_a_login_is_replaced_with_all_that_names_the_account(database: Database, database_url: str) -> None:
    noreply = "12345+ada-l@users.noreply.github.com"
    user = {
        "login": "ada-l",
        "id": 12345,
        "avatar_url": "https://avatars.githubusercontent.com/u/12345",
        "type": "User",
    }
    review = {"review": {"user": user, "submitted_at": "2026-03-07T12:00:00Z", "body": "ping @ada-l"}}
    landed(
        database,
        [
            *git_events(
                record(1, "Merge pull request #7 from ada-l/fly", email=noreply),
                record(2, email="ada-l@users.noreply.github.com"),
            ),
            pull_request(
                8, "d1", "2026-02-28T08:00:00Z", "opened", user=user, head={"ref": "fly", "label": "ada-l:fly"}
            ),
            github_event("pull_request_review", "r1", review),
            github_event("star", "s1", {"sender": user, "url": "https://github.com/ada-l/engine"}),
        ],
    )
    fold_all(database)
    asked = _erased(database, database_url, noreply)
    assert state(database) == _refolded(database)
    assert _traces(database_url, b"ada-l", b"12345", MINE) == []
    authors = rows(database, 'SELECT author_key FROM kino."commit" UNION SELECT author_key FROM kino.pull_request')
    [key] = {author for (author,) in authors if author is not None}
    assert rows(database, "SELECT person_id FROM kino.identity WHERE key = %s", key) == [(asked.person_id,)]


def test_all_that_was_said_to_be_one_human_is_one_pseudonym(database: Database, database_url: str) -> None:
    landed(
        database,
        [
            *git_events(
                record(1), record(2, author="Lovelace, Ada", email="ada@home.example"), record(3, email="k@k.k")
            ),
            pull_request(8, "d1", "2026-02-28T08:00:00Z", "opened", user={"login": "ada-l"}),
        ],
    )
    fold_all(database)
    with database.write() as session:
        session.exec_driver_sql(
            "UPDATE kino.identity SET person_id = %s WHERE key IN ('email:ada@home.example', 'github:ada-l')",
            (stable_id("person", f"email:{ADA}"),),
        )
        session.exec_driver_sql(
            'INSERT INTO kino."user" (id, email, name, person_id, password_hash) VALUES (%s, %s, %s, %s, %s)',
            (USER, "countess@work.example", "Countess", stable_id("person", f"email:{ADA}"), "$argon2id$none"),
        )
    asked = _erased(database, database_url, "countess@work.example")
    assert asked.user_id == USER
    assert _traces(database_url, ADA.encode(), b"home.example", b"work.example", b"ada-l", b"countess") == []
    assert one(database, 'SELECT person_id FROM kino."user"') == asked.person_id
    assert one(database, 'SELECT count(*) FROM kino."commit" WHERE author_key LIKE %s', "%@erased.invalid") == 2
    assert state(database) == _refolded(database)


def test_names_in_any_script_and_spelling_are_found(database: Database, database_url: str) -> None:
    name = 'Zoë "Z" Ångström'
    landed(
        database,
        git_events(
            record(1, author=name),
            record(2, f"Thanks, {name.upper()}", author="Kim", email="kim@example.org"),
            record(3, author="(aider)"),
        ),
    )
    fold_all(database)
    _erased(database, database_url)
    subjects = [subject for (subject,) in rows(database, 'SELECT subject FROM kino."commit" ORDER BY sha')]
    assert subjects[0] == "Change something"
    assert subjects[1].startswith("Thanks, Person ")
    assert _traces(database_url, "Ångström".encode(), b"\\u00e5ngstr") == []
    assert state(database) == _refolded(database)


def test_names_are_found_whatever_white_space_is_in_them(database: Database, database_url: str) -> None:
    landed(
        database,
        [
            *git_events(
                record(1),
                record(2, "Thanks, Ada  Lovelace", author="Kim", email="kim@example.org"),
                record(3, author="Ada\u00a0Lovelace", email=""),
                record(4, author="Ada\tLovelace"),
            ),
            agent_event("a1", "blocker_identified", data={"description": "waits for Ada\n Lovelace"}),
            agent_event("a2", agent_id="claude of Ada \u00a0Lovelace"),
        ],
    )
    fold_all(database)
    with database.write() as session:
        session.exec_driver_sql(
            "INSERT INTO kino.initiative (id, name, description, created_at)"
            " VALUES (gen_random_uuid(), 'Wings', %s, now())",
            ("by Ada\u2003Lovelace",),
        )
    _erased(database, database_url)
    assert _traces(database_url, b"lovelace") == []
    assert state(database) == _refolded(database)


def test_who_was_only_seen_by_a_login_comes_out_as_folding_anew_does(database: Database, database_url: str) -> None:
    landed(database, [pull_request(8, "d1", "2026-02-28T08:00:00Z", "opened", user={"login": "ada"})])
    fold_all(database)
    _erased(database, database_url, "ada@users.noreply.github.com")
    assert state(database) == _refolded(database)


def test_agents_and_strangers_are_not_erased(database: Database) -> None:
    landed(database, git_events(record(1, email="noreply@anthropic.com")))
    fold_all(database)
    with database.read() as session:
        with pytest.raises(NotAPerson):
            find_by_email(session, "noreply@anthropic.com")
        with pytest.raises(UnknownPerson):
            find_by_email(session, "nobody@example.org")


def test_other_addresses_under_the_same_name_are_told(database: Database) -> None:
    landed(database, git_events(record(1), record(2, email="ada@home.example")))
    fold_all(database)
    with database.read() as session:
        assert namesakes(session, find_by_email(session, ADA)) == ["ada@home.example"]


def test_an_event_that_comes_in_meanwhile_is_erased_too(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(database, git_events(record(1)))
    fold_all(database)
    rewrite = erasure._Eraser.rewrite_what_people_wrote
    late = iter([git_events(record(2, "Ada Lovelace again"))])

    def and_then(self: erasure._Eraser) -> int:
        done = rewrite(self)
        for events in late:
            landed(database, events)
            fold_all(database)
        return done

    monkeypatch.setattr(erasure._Eraser, "rewrite_what_people_wrote", and_then)
    _erased(database, database_url)
    assert _traces(database_url, ADA.encode(), MINE) == []
    assert state(database) == _refolded(database)


def _killed_after(step: str, database_url: str, work: Work) -> None:
    """Begin to erase in a process that is killed when that step is done."""
    process_id = os.fork()
    if process_id:
        assert os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]) == -signal.SIGKILL
        return
    whole = getattr(erasure._Eraser, step)

    def and_die(self: erasure._Eraser, *values: Any) -> None:  # noqa: ANN401
        whole(self, *values)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(erasure._Eraser, step, and_die)
    try:
        erase_from_log(database_url, work, KEY)
    finally:
        os._exit(1)


def test_an_erasure_killed_at_any_step_is_finished_by_the_next_try(database: Database, database_url: str) -> None:
    landed(database, _history())
    fold_all(database)
    with database.write() as session:
        request_erasure(session, find_by_email(session, ADA))
    with database.read() as session:
        work = next_work(session, Step.LOG)
    assert work is not None
    for step in (
        "_with_names",
        "rewrite_what_came_in",
        "wait_for_open_transactions",
        "rewrite_what_people_wrote",
        "rewrite_the_audit",
    ):
        _killed_after(step, database_url, work)
    with database.read() as session:
        work = next_work(session, Step.LOG)
    assert work is not None
    erase_from_log(database_url, work, KEY)
    with database.read() as session:
        assert next_work(session, Step.LOG) is None
        assert next_work(session, Step.LAKE) is not None
    assert _traces(database_url, ADA.encode(), b"a. l.") == []
    assert state(database) == _refolded(database)


def test_a_worker_does_what_is_asked_for(database: Database, database_url: str) -> None:
    landed(database, git_events(record(1)))
    fold_all(database)
    with database.write() as session:
        asked = request_erasure(session, find_by_email(session, ADA))
    stop = threading.Event()
    worker = threading.Thread(target=erasure.keep_erasing, args=(database_url, stop, KEY))
    worker.start()
    try:
        deadline = time.monotonic() + 60
        while one(database, "SELECT step FROM kino.erasure WHERE id = %s", asked.id) != Step.LAKE:
            assert time.monotonic() < deadline, "the worker did not erase"
            time.sleep(0.05)
    finally:
        stop.set()
        worker.join(60)
    assert _traces(database_url, ADA.encode()) == []


def test_a_real_author_of_a_real_history(database: Database, database_url: str) -> None:
    path = shared_history("claude-code-action")
    repository, project_id = "anthropics/claude-code-action", uuid.uuid4()
    events = commit_events(read_records(read_history_file(path)), repository=repository, project_id=project_id)
    backfill(database, events, on_rejected=pytest.fail, on_landed=lambda _: None)
    fold_all(database)
    numbers = 'SELECT count(*) AS n, sum(lines_added) FROM kino."commit" JOIN kino.identity ON key = author_key'
    [(email, commits, lines)] = rows(
        database,
        'SELECT email, count(*) AS n, sum(lines_added) FROM kino."commit" JOIN kino.identity ON key = author_key'
        " WHERE identity.kind = 'human' GROUP BY email ORDER BY n DESC LIMIT 1",
    )
    total = rows(database, numbers)
    name = f"Person {email.partition('@')[0]}".encode()
    assert name in gzip.decompress(path.read_bytes())
    asked = _erased(database, database_url, email)
    assert _traces(database_url, email.encode(), name) == []
    assert rows(database, f"{numbers} WHERE person_id = %s", asked.person_id) == [(commits, lines)]
    assert rows(database, numbers) == total
    assert state(database) == _refolded(database)
