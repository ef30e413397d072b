"""What comes of deployments: the keys of DORA, all of the same production deployments and the same failures."""

from kino_core.metrics.declaration import Direction, Kind, Metric, Unit

_PRODUCTION = (
    "A production deployment is one that GitHub reported successful in an environment named production, prod or live, "
    "or marked as a production environment; its time is that of the first success. In a repository that never told of "
    "one, a published release that is no pre-release counts as one."
)
_FAILED = (
    "A deployment failed when an incident is linked to it, or when the next one in its environment is a rollback or a "
    "hotfix. An incident is a GitHub issue labelled incident, outage, rollback, hotfix or sev and a number; it belongs "
    "to the deployment whose commit, tag or pull request its text names, else, as an estimate, to the repository’s "
    "latest one in the 24 hours before it opened. A rollback goes back to a commit that was deployed before the one it "
    "replaces, or reverts (Revert “…”) what that one had brought. A hotfix has a branch, tag or title that begins with "
    "hotfix, or a pull request labelled so."
)
_CONTAINED = (
    "A deployment contains its commit and that commit’s ancestors. Where a repository is known from GitHub’s pushes "
    "alone, which name no parents, it is taken to contain every commit up to the deployed one’s time, or up to its own "
    "time where that commit is unknown: an estimate."
)


def _hours(first: str, last: str) -> str:
    """Return the SQL of the hours between two moments, null where one is missing or a clock went backwards."""
    return f"CASE WHEN {last} >= {first} THEN date_diff('second', {first}, {last}) / 3600.0 END"


DEPLOYMENT_FREQUENCY = Metric(
    "deployment_frequency",
    "Deployment frequency",
    f"Production deployments a week. {_PRODUCTION} A commit deployed again counts again.",
    Unit.PER_WEEK,
    Direction.UP,
    Kind.FREQUENCY,
    fact="deployment",
    occurred_at="deployed_at",
    filter="deployed_at IS NOT NULL",
)

DEPLOYMENT_DAYS = Metric(
    "deployment_days",
    "Days with a deployment",
    f"Days with at least one production deployment. {_PRODUCTION}",
    Unit.DAYS,
    Direction.UP,
    Kind.DAYS,
    fact="deployment",
    occurred_at="deployed_at",
    filter="deployed_at IS NOT NULL",
)

CHANGE_LEAD_TIME = Metric(
    "change_lead_time",
    "Lead time for changes",
    "Median time from a commit’s authoring to the first production deployment that contained it, merges included, by "
    f"the day of the deployment. All that the first deployment contained counts too. {_CONTAINED} {_PRODUCTION}",
    Unit.HOURS,
    Direction.DOWN,
    Kind.MEDIAN,
    fact="delivered_commit",
    occurred_at="deployed_at",
    numerator=_hours("authored_at", "deployed_at"),
)

CHANGE_FAILURE_RATE = Metric(
    "change_failure_rate",
    "Change failure rate",
    "Production deployments followed by an incident, rollback or hotfix linked to them ÷ production deployments, by "
    f"the day of the deployment. {_FAILED} {_PRODUCTION}",
    Unit.SHARE,
    Direction.DOWN,
    Kind.RATIO,
    fact="deployment",
    occurred_at="deployed_at",
    numerator="CASE WHEN failed THEN 1 ELSE 0 END",
    denominator="1",
    filter="deployed_at IS NOT NULL",
)

FAILED_DEPLOYMENT_RECOVERY_TIME = Metric(
    "failed_deployment_recovery_time",
    "Recovery time of failed deployments",
    "Median time from a failed production deployment to its restoration, by the day of the deployment: until all its "
    "incidents are closed, or, where it has none, until the rollback or hotfix is in production. What is not restored "
    "yet is missing input and lowers the coverage. An attempt that never reached production is no deployment. "
    f"{_FAILED} {_PRODUCTION}",
    Unit.HOURS,
    Direction.DOWN,
    Kind.MEDIAN,
    fact="deployment",
    occurred_at="deployed_at",
    numerator=_hours("deployed_at", "restored_at"),
    filter="deployed_at IS NOT NULL AND failed",
)

DEPLOYMENT_REWORK_RATE = Metric(
    "deployment_rework_rate",
    "Deployment rework rate",
    "Unplanned production deployments, rollbacks and hotfixes, ÷ production deployments. A rollback goes back to a "
    "commit that was deployed before the one it replaces, or reverts (Revert “…”) what that one had brought. A hotfix "
    "has a branch, tag or title that begins with hotfix, or a pull request labelled so. An environment’s first "
    f"deployment is neither. {_PRODUCTION}",
    Unit.SHARE,
    Direction.DOWN,
    Kind.RATIO,
    fact="deployment",
    occurred_at="deployed_at",
    numerator="CASE WHEN rollback OR hotfix THEN 1 ELSE 0 END",
    denominator="1",
    filter="deployed_at IS NOT NULL",
)

PR_DEPLOY_TIME = Metric(
    "pr_deploy_time",
    "Pull request deploy time",
    "Median time from merge to the first production deployment that contained the pull request: its merge commit, or, "
    "where that is not known, all of its commits. By merge date; what is not deployed yet is missing input and lowers "
    f"the coverage. {_CONTAINED} {_PRODUCTION}",
    Unit.HOURS,
    Direction.DOWN,
    Kind.MEDIAN,
    fact="pull_request_outcome",
    occurred_at="merged_at",
    numerator=_hours("merged_at", "deployed_at"),
)

METRICS = (
    DEPLOYMENT_FREQUENCY,
    DEPLOYMENT_DAYS,
    CHANGE_LEAD_TIME,
    CHANGE_FAILURE_RATE,
    FAILED_DEPLOYMENT_RECOVERY_TIME,
    DEPLOYMENT_REWORK_RATE,
    PR_DEPLOY_TIME,
)
