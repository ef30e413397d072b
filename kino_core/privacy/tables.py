"""Every table of Kino: what in it tells of people, who gets it in an export, and what an erasure does to it.

A table without an entry, or with a column of text that its entry does not name, fails a test: whoever adds one decides
here. Conditions may name `:user_ids`, `:person_ids`, `:keys` (of identities) and `:emails`; the row is called `this`.
"""

from dataclasses import dataclass

TEXT_TYPES = frozenset({"text", "character varying", "jsonb", "json", "bytea", "inet", "ARRAY"})
"""Types of columns that can name somebody. Ids of accounts and people stay: they lead to what is emptied."""


@dataclass(frozen=True)
class Rule:
    """What a table holds of people, and what becomes of it.

    `about`    the rows that are about somebody: they are in that person's export.
    `texts`    columns in which people may write anything: where they name somebody, the row is in the export, and an
               erasure puts the pseudonym in its place, in whatever row.
    `blanks`   columns that an erasure empties in the rows about somebody.
    `deletes`  whether an erasure deletes the rows about somebody.
    `handled`  columns that the erasure rewrites by code of its own, because other rows refer to them.
    `hides`    columns that no export shows: secrets, and what another column says already.
    `plain`    columns of text that name nobody: words of ours, hashes, names of things.
    `why`      why nothing in it is personal, where nothing is.
    """

    about: str = ""
    texts: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    deletes: bool = False
    handled: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    why: str = ""

    @property
    def columns(self) -> frozenset[str]:
        """Every column of text that the rule decides about."""
        return frozenset((*self.texts, *self.blanks, *self.handled, *self.hides, *self.plain))


_BY_USER = "user_id = ANY (CAST(:user_ids AS uuid[]))"
_MADE_BY_USER = "created_by = ANY (CAST(:user_ids AS uuid[]))"
_AUTHOR = "author_key = ANY (CAST(:keys AS text[]))"
_MADE_IN_AUDIT = (
    "EXISTS (SELECT FROM kino.audit AS made WHERE made.actor_id = ANY (CAST(:user_ids AS uuid[]))"
    " AND made.action = 'CREATE' AND made.entity_type = '{}' AND made.entity_id = CAST(this.id AS text))"
)

TABLES: dict[str, Rule] = {
    # What came in.
    "landing.event": Rule(texts=("body", "raw"), hides=("raw",), plain=("source", "event_id", "type", "repository")),
    "landing.conflict": Rule(texts=("raw",), plain=("source", "event_id", "request_id", "body_hash")),
    "landing.dead_letter": Rule(texts=("error", "stack", "discard_reason"), plain=("source", "event_id")),
    "landing.claim": Rule(
        plain=("source", "event_id", "body_hash"), why="Ids of events and hashes of what they held; nothing leads back."
    ),
    "landing.fold_cursor": Rule(plain=("name", "system_identifier"), why="Places in the log."),
    "landing.fold_window": Rule(why="Places in the log."),
    "landing.refold": Rule(why="Places in the log."),
    "landing.failing_source": Rule(plain=("name",), why="Names of sources, repositories and projects."),
    # What is folded from it.
    "kino.person": Rule("id = ANY (CAST(:person_ids AS uuid[]))", handled=("name",), plain=("kind",)),
    "kino.identity": Rule(
        "person_id = ANY (CAST(:person_ids AS uuid[])) OR key = ANY (CAST(:keys AS text[]))",
        handled=("key", "name", "email"),
        plain=("kind",),
    ),
    "kino.commit": Rule(_AUTHOR, texts=("subject",), handled=("author_key",), plain=("sha",)),
    "kino.pull_request": Rule(
        _AUTHOR,
        texts=("title", "branch"),
        handled=("author_key",),
        plain=("state", "merge_sha", "told_by", "told_id"),
    ),
    "kino.agent": Rule(handled=("name",), plain=("agent_type", "last_event_type")),
    "kino.agent_activity": Rule(
        texts=("data", "task_id", "session_id"), plain=("source", "event_id", "event_type", "model")
    ),
    "kino.agent_session": Rule(texts=("session_id", "parent_agent"), plain=("model",)),
    "kino.repository": Rule(plain=("full_name",), why="Names of things: docs/privacy.md says what that leaves."),
    "kino.project_summary": Rule(plain=("weeks",), why="Counts."),
    "kino.project_agent": Rule(why="Which agents worked on which project."),
    "kino.reporting_agent": Rule(why="Which agents reported to which project."),
    "kino.project_touched": Rule(why="Projects to be counted anew."),
    "kino.metric_value": Rule(
        "scope_type = 'person' AND scope_id = ANY (CAST(CAST(:person_ids AS uuid[]) AS text[]))",
        deletes=True,
        plain=("metric", "scope_type", "scope_id", "period"),
    ),
    "kino.metric_publication": Rule(plain=("period",), why="Which snapshot of the lake was copied."),
    # What people enter.
    "kino.initiative": Rule(_MADE_BY_USER, texts=("name", "description")),
    "kino.project": Rule(
        _MADE_BY_USER,
        texts=("name", "description", "status_reason"),
        plain=("priority", "status", "time_zone"),
    ),
    "kino.project_member": Rule(_BY_USER, deletes=True, plain=("role",)),
    "kino.milestone": Rule(_MADE_BY_USER, texts=("name", "description")),
    "kino.dependency": Rule(_MADE_BY_USER, texts=("note",)),
    "kino.scope_item": Rule(
        f"assignee_id = ANY (CAST(:user_ids AS uuid[])) OR {_MADE_BY_USER}",
        texts=("title", "description"),
        plain=("key", "priority", "status", "said_status", "assignee_type"),
    ),
    "kino.project_update": Rule(
        "submitted_by = ANY (CAST(:user_ids AS uuid[]))",
        texts=("achievements", "challenges", "planned_work", "notes"),
        plain=("overall_status",),
    ),
    "kino.annotation": Rule(_MADE_BY_USER, texts=("text",), plain=("metric",)),
    "kino.blocker_resolution": Rule("resolved_by = ANY (CAST(:user_ids AS uuid[]))", texts=("blocker_id",)),
    "kino.report": Rule(
        _MADE_BY_USER,
        texts=("title",),
        handled=("snapshot", "files", "snapshot_sha256"),
        hides=("snapshot", "files"),
        plain=("kind", "scope_type", "period"),
    ),
    # Who signs in.
    "kino.user": Rule(
        "id = ANY (CAST(:user_ids AS uuid[]))",
        handled=("email", "name", "role", "password_hash"),
        hides=("password_hash",),
    ),
    "kino.session": Rule(_BY_USER, blanks=("user_agent",), hides=("refresh_hash", "previous_hash")),
    "kino.setup_link": Rule(plain=("token_hash",), why="One-time links for nobody in particular, as hashes."),
    "kino.account_link": Rule(_BY_USER, deletes=True, blanks=("email",), hides=("token_hash",), plain=("purpose",)),
    "kino.attempt": Rule(
        plain=("kind", "account", "network"), why="Hashes of what was typed at sign-in and networks; gone after a day."
    ),
    "kino.outbox": Rule(
        f"{_BY_USER} OR lower(recipient) = ANY (CAST(:emails AS text[]))",
        deletes=True,
        texts=("subject", "text", "html", "last_error"),
        blanks=("recipient",),
        plain=("kind", "link_path", "state"),
    ),
    # An answer names whoever it is about, and is given again to whoever asks again.
    "kino.idempotency_key": Rule(
        _BY_USER,
        deletes=True,
        texts=("key", "answer", "headers"),
        hides=("request_hash", "answer", "headers"),
    ),
    "kino.token": Rule(_MADE_IN_AUDIT.format("token"), hides=("token_hash",), plain=("last4", "agent_type")),
    "kino.webhook_secret": Rule(_MADE_IN_AUDIT.format("webhook_secret"), hides=("secret",)),
    # What was done.
    "kino.audit": Rule(
        "actor_id = ANY (CAST(:user_ids AS uuid[]))"
        " OR (entity_type = 'user' AND entity_id = ANY (CAST(CAST(:user_ids AS uuid[]) AS text[])))"
        " OR (entity_type = 'project_member'"
        " AND split_part(entity_id, '/', 2) = ANY (CAST(CAST(:user_ids AS uuid[]) AS text[])))"
        " OR details ->> 'user_id' = ANY (CAST(CAST(:user_ids AS uuid[]) AS text[]))",
        # By code of its own, in kino_ingest/audit/redact.py: the chain has to verify afterwards.
        texts=("entity_id", "before", "after", "details"),
        plain=("actor_type", "action", "entity_type", "request_id"),
    ),
    "kino.audit_seal": Rule(plain=("hash",), why="Hashes over the audit."),
    "kino.audit_unsealed": Rule(why="Ids of entries of the audit."),
    "kino.audit_anchor": Rule(why="Places in the audit."),
    "kino.audit_cut": Rule(plain=("digest", "key_id", "signature"), why="Hashes over months of the audit."),
    "kino.audit_redaction": Rule(
        plain=("digest", "key_id", "signature"), why="Hashes over entries that an erasure rewrote."
    ),
    "kino.security_event": Rule(_BY_USER, blanks=("address",), plain=("kind", "severity", "route", "details")),
    "kino.erasure": Rule(_BY_USER, handled=("traces",), hides=("traces",), plain=("pseudonym", "step")),
    "kino.schema_version": Rule(plain=("version_num",), why="Which migration ran last."),
}
