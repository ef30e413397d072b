"""`make docs`: writes the pages that follow from the code: one a metric, one of all commands, the API reference.

A test fails when a page no longer says what the code does.
"""

from pathlib import Path

from typer.testing import CliRunner

from docs.api_reference import api_pages
from kino_cli.main import VERBS, kino
from kino_core.judgements import JUDGEMENTS
from kino_core.measurements import FACTS
from kino_core.metrics import METRICS, Kind, Metric

DOCS = Path(__file__).parent

_HOW = {
    Kind.SUM: "The numerators of its entities are added up.",
    Kind.FREQUENCY: "The numerators of its entities are added up, and divided by the weeks begun.",
    Kind.DAYS: "The days on which there is at least one are counted.",
    Kind.RATIO: "The sum of the numerators is divided by the sum of the denominators; never an average of averages.",
    Kind.QUOTIENT: "The sum of the numerators is divided by the sum of the denominators; never an average of averages.",
    Kind.MEDIAN: "The median and the 90th percentile, computed from the entities for every period anew.",
    Kind.LEVEL: "Every change up to the end of the period is added up: how many there are then.",
    Kind.LEVEL_RATIO: "Every change up to the end of the period is added up, and the one sum divided by the other.",
    Kind.STATE: "Not kept in gold: worked out when asked for, as of the end of the period or, while that runs, of now.",
}


def pages() -> dict[Path, str]:
    """Return every generated page: its path below docs/ and its text."""
    made = {Path("metrics") / f"{metric.key}.md": _metric_page(metric) for metric in METRICS}
    made[Path("metrics") / "README.md"] = _metric_index()
    made[Path("commands.md")] = _commands()
    return made | api_pages()


def main() -> None:
    """Write the pages and say which changed."""
    for path, text in pages().items():
        file = DOCS / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            print(f"docs/{path}")


def _metric_page(metric: Metric) -> str:
    return f"""# {metric.label} · `{metric.key}`

{metric.definition}

{_HOW[metric.kind]} A value always comes with `n`, the number of entities behind it, and `coverage`, the share of
entities whose input is known. Without input the value is null, never 0.

| | |
| --- | --- |
| unit | {metric.unit} |
| better is | {metric.direction} |
| kind | {metric.kind} |
| version | {metric.version} |
{_worked_out(metric) if metric.kind is Kind.STATE else _measured(metric)}

    kino metrics show {metric.key} --period 2026-Q3 --by month
    kino metrics explain {metric.key} --period 2026-Q3
"""


def _measured(metric: Metric) -> str:
    fact = FACTS[metric.fact]
    bounds = f"\n| upper bound | `{metric.upper}` |" if metric.upper != "NULL" else ""
    denominator = f"\n| denominator | `{metric.denominator}` |" if metric.denominator != "NULL" else ""
    return f"""| fact | `silver.{metric.fact}`, one row for each {" and ".join(fact.key)} |
| time | `{metric.occurred_at}` |
| numerator | `{metric.numerator}` |{denominator}{bounds}
| only rows with | `{metric.filter}` |"""


def _worked_out(metric: Metric) -> str:
    if metric.trend_of is not None:
        return f"| computed from | [`{metric.trend_of}`]({metric.trend_of}.md), by weeks |"
    details = "".join(f"\n| `{name}` | `{expression}` |" for name, expression in metric.details)
    scopes = f"| of | {', '.join(metric.scopes)} |\n" if metric.scopes else ""
    value = f"`{metric.value}`" if metric.value else "worked out from them by `kino_core/judgements.py`"
    return f"""{scopes}| computed from | {", ".join(f"`{fact}`" for fact in metric.facts)} |
| rows | `kino_core/sql/states/{JUDGEMENTS[metric.key].rows if metric.key in JUDGEMENTS else metric.key}.sql` |
| value | {value} |{details}"""


def _metric_index() -> str:
    rows = "\n".join(f"| [`{m.key}`]({m.key}.md) | {m.label} | {m.unit} | {m.definition} |" for m in METRICS)
    return f"""# Metrics

Each is declared once, in `kino_core/metrics/`; gold, the pages, the API, the reports and these pages all come from
that declaration. Days are UTC unless a project has a time zone of its own. After a metric's first input a period
without entities is a true zero; before it, and in the future, there is no data.

`GET /api/v1/metrics/{{key}}` and `kino metrics show` hold a value against the period before and the same period a year
ago; while a period runs, sums are compared with as many days. The trend is judged on the last 8 periods that are over:
its slope is the median of the slopes between all pairs of them (Theil and Sen), and it is called improving, worsening,
rising or falling where chance alone would bring as much about in less than 1 of 10 cases (Mann and Kendall). Else it is
flat; with fewer than 8 known values there is none.

| key | name | unit | definition |
| --- | --- | --- | --- |
{rows}
"""


def _commands() -> str:
    parts = ["# Commands\n\nWhat `--help` says. Every command takes `--home DIR`.\n"]
    for name in VERBS:
        parts.append(f"## kino {name}\n\n```text\n{_help(name)}\n```\n")
        parts.extend(f"### kino {name} {sub}\n\n```text\n{_help(name, sub)}\n```\n" for sub in _subcommands(name))
    return "\n".join(parts)


def _help(*words: str) -> str:
    shown = CliRunner().invoke(
        kino(words),
        [*words, "--help"],
        env={"COLUMNS": "100", "NO_COLOR": "1"},
        prog_name="kino",
        catch_exceptions=False,
    )
    return "\n".join(line.rstrip() for line in shown.stdout.strip().splitlines())


def _subcommands(name: str) -> list[str]:
    lines = _help(name).splitlines()
    start = next((place for place, line in enumerate(lines) if line.strip() == "Commands:"), len(lines))
    return [line.split()[0] for line in lines[start + 1 :] if line.startswith("  ") and line[2:3].strip()]


if __name__ == "__main__":
    main()
