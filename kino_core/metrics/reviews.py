"""How pull requests go from the first commit to the merge, what reviews ask for, and what is done again."""

from dataclasses import dataclass

from kino_core.metrics.declaration import Direction, Kind, Metric, Unit, hours


@dataclass(frozen=True)
class _Authors:
    """Whose work a metric is about: how its key begins, the words for it, and the SQL that finds it."""

    prefix: str
    label: str
    pull_requests: str
    commits: str
    filter: str


_EVERYBODY = _Authors("", "", "", "", "true")
_PEOPLE = _Authors(
    "human_",
    " of people",
    " Only pull requests of people without evidence of an agent.",
    " Only commits of people without evidence of an agent.",
    "author_kind = 'human' AND NOT agent_marked",
)
_AGENTS = _Authors(
    "agent_",
    " of agents",
    " Only pull requests with evidence of an agent: a commit, the author, a label or the branch’s name.",
    " Only commits with evidence of an agent: the author or a co-author trailer.",
    "agent_marked",
)

_KNOWN = (
    "Whether it was reviewed is known of a pull request that GitHub told of when it became ready for review; others "
    "are missing input and lower the coverage."
)
_PEOPLES_REVIEWS = (
    "Reviews count that a person other than the author gave before the merge; those of agents and automation do not."
)
_READY = "It is ready when it is opened as no draft or first leaves the state of a draft."


def _phase(key: str, label: str, definition: str, first: str, last: str) -> Metric:
    """Return the metric of one phase of merged pull requests."""
    return Metric(
        key,
        label,
        f"{definition} By the day of the merge; a phase that is not known is missing input and lowers the coverage.",
        Unit.HOURS,
        Direction.DOWN,
        Kind.MEDIAN,
        fact="pull_request",
        occurred_at="merged_at",
        numerator=hours(first, last),
        filter="merged_at IS NOT NULL",
    )


PR_CODING_TIME = _phase(
    "pr_coding_time",
    "Pull request coding time",
    "Median time from the authoring of a merged pull request’s first commit until it was ready for review, or opened "
    "where GitHub did not tell of that. The first commit is the earliest of the pushes to the branch since its "
    "creation, or since an earlier pull request of it, or of what a merge brought in. A squash alone does not tell. "
    f"{_READY}",
    "first_authored_at",
    "coalesce(ready_at, opened_at)",
)

PR_PICKUP_TIME = _phase(
    "pr_pickup_time",
    "Pull request pickup time",
    "Median time from when a merged pull request was ready until its first review after that by a person other than "
    f"the author. {_READY}",
    "ready_at",
    "first_review_at",
)

PR_REVIEW_TIME = _phase(
    "pr_review_time",
    "Pull request review time",
    "Median time from a merged pull request’s first review by a person other than the author, once it was ready, to "
    f"the merge. {_READY}",
    "first_review_at",
    "merged_at",
)

PR_CYCLE_TIME = _phase(
    "pr_cycle_time",
    "Pull request cycle time",
    f"Median time from when a merged pull request was ready to the merge. {_READY}",
    "ready_at",
    "merged_at",
)

REVIEW_RATE = Metric(
    "review_rate",
    "Review rate",
    "Merged pull requests with at least one review ÷ merged ones, by the day of the merge. "
    f"{_PEOPLES_REVIEWS} {_KNOWN}",
    Unit.SHARE,
    Direction.UP,
    Kind.RATIO,
    fact="pull_request",
    occurred_at="merged_at",
    numerator="CASE WHEN reviews > 0 THEN 1 WHEN reviews = 0 THEN 0 END",
    denominator="CASE WHEN reviews IS NOT NULL THEN 1 END",
    filter="merged_at IS NOT NULL",
)

REWORK_ROUNDS = Metric(
    "rework_rounds",
    "Rework rounds",
    "Median of how often reviews that did not approve were followed by new commits before the last approval, or the "
    "merge where nobody approved, of merged pull requests by the day of the merge. New commits are told by the pull "
    f"request’s newest one having changed. {_PEOPLES_REVIEWS} {_KNOWN}",
    Unit.COUNT,
    Direction.DOWN,
    Kind.MEDIAN,
    fact="pull_request",
    occurred_at="merged_at",
    numerator="rounds",
    filter="merged_at IS NOT NULL",
)

REVIEWS_GIVEN = Metric(
    "reviews_given",
    "Reviews given",
    "Reviews that people gave on pull requests of others, by when they were submitted, each counted for who gave it. "
    "Authors’ remarks on their own, and what agents and automation review, do not count.",
    Unit.COUNT,
    Direction.NEITHER,
    Kind.SUM,
    fact="review",
    occurred_at="submitted_at",
    filter="author_kind = 'human' AND NOT own",
)

AGENT_REVIEWS_GIVEN = Metric(
    "agent_reviews_given",
    "Reviews given by agents",
    "Reviews that agents gave on pull requests of others, by when they were submitted, each counted for the agent.",
    Unit.COUNT,
    Direction.NEITHER,
    Kind.SUM,
    fact="review",
    occurred_at="submitted_at",
    filter="author_kind = 'agent' AND NOT own",
)

REVIEW_RESPONSE_TIME = Metric(
    "review_response_time",
    "Review response time",
    "Median time that people took to review the pull request of somebody else: from the request to them, or, where "
    "they give their first review of it without one, from when the pull request was ready. Further reviews that nobody "
    "asked for do not count. Where GitHub told of neither, the time is missing input and lowers the coverage. By when "
    f"the review was submitted. {_READY}",
    Unit.HOURS,
    Direction.DOWN,
    Kind.MEDIAN,
    fact="review",
    occurred_at="submitted_at",
    numerator=hours("asked_at", "submitted_at"),
    filter="author_kind = 'human' AND answers",
)


def _merge_rate(authors: _Authors) -> Metric:
    return Metric(
        f"{authors.prefix}merge_rate",
        f"Merge rate{authors.label}",
        "Pull requests merged ÷ merged and closed unmerged, by the day they ended. A git history tells only of what "
        "was merged, so pull requests known from git alone are missing input and lower the coverage."
        f"{authors.pull_requests}"
        + (" Commits of unmerged ones are known from the pushes to their branches." if authors.prefix else ""),
        Unit.SHARE,
        Direction.UP,
        Kind.RATIO,
        fact="pull_request",
        occurred_at="coalesce(merged_at, closed_at)",
        numerator="CASE WHEN opened_at IS NOT NULL THEN CASE WHEN merged_at IS NOT NULL THEN 1 ELSE 0 END END",
        denominator="CASE WHEN opened_at IS NOT NULL THEN 1 END",
        filter=f"(merged_at IS NOT NULL OR closed_at IS NOT NULL) AND {authors.filter}",
    )


def _first_pass_acceptance(authors: _Authors) -> Metric:
    return Metric(
        f"{authors.prefix}first_pass_acceptance",
        f"First-pass acceptance{authors.label}",
        "Merged pull requests of which no review requested changes ÷ merged ones, by the day of the merge; one that "
        f"nobody reviewed was accepted. {_PEOPLES_REVIEWS} {_KNOWN}{authors.pull_requests}",
        Unit.SHARE,
        Direction.UP,
        Kind.RATIO,
        fact="pull_request",
        occurred_at="merged_at",
        numerator="CASE WHEN changes_requested = 0 THEN 1 WHEN changes_requested > 0 THEN 0 END",
        denominator="CASE WHEN changes_requested IS NOT NULL THEN 1 END",
        filter=f"merged_at IS NOT NULL AND {authors.filter}",
    )


def _rework_rate(authors: _Authors) -> Metric:
    return Metric(
        f"{authors.prefix}rework_rate",
        f"Rework rate{authors.label}",
        "Lines changed again soon ÷ lines changed, by committer date. An estimate by files, because a history’s line "
        "counts do not say which lines they are: all lines that a commit adds or deletes in a file count as changed "
        "again where any commit of the repository changed that file less than 21 days before. Merges and binary files "
        "do not count; a renamed file is a new one. Commits known from GitHub’s pushes alone, which name no lines, are "
        f"missing input and lower the coverage.{authors.commits}",
        Unit.SHARE,
        Direction.DOWN,
        Kind.RATIO,
        fact="rework",
        occurred_at="committed_at",
        numerator="lines_reworked",
        denominator="lines",
        filter=f"parent_count < 2 AND {authors.filter}",
    )


METRICS = (
    PR_CODING_TIME,
    PR_PICKUP_TIME,
    PR_REVIEW_TIME,
    PR_CYCLE_TIME,
    REVIEW_RATE,
    REWORK_ROUNDS,
    REVIEWS_GIVEN,
    AGENT_REVIEWS_GIVEN,
    REVIEW_RESPONSE_TIME,
    *(
        declared(authors)
        for declared in (_merge_rate, _first_pass_acceptance, _rework_rate)
        for authors in (_EVERYBODY, _PEOPLE, _AGENTS)
    ),
)
