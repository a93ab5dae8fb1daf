"""The page: all sections in one HTML file that needs nothing else and runs nothing; beside it a review per quarter.

Add here when the page gains a section. Must not be here: SQL, wording, drawing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import jinja2
from markupsafe import Markup

from journey_pipeline.release.facts import ReleaseFacts
from journey_pipeline.report.actions import actions
from journey_pipeline.report.attribution import attribution
from journey_pipeline.report.charts import PALETTE
from journey_pipeline.report.experience import experience
from journey_pipeline.report.experiments import experiments
from journey_pipeline.report.funnel import funnel
from journey_pipeline.report.next_actions import next_actions
from journey_pipeline.report.pain import pain
from journey_pipeline.report.predictions import predictions
from journey_pipeline.report.quality import quality
from journey_pipeline.report.reading import Released
from journey_pipeline.report.restated import restated
from journey_pipeline.report.review import quarters, review
from journey_pipeline.report.scorecard import scorecard
from journey_pipeline.report.segments import segments
from journey_pipeline.report.wording import count, day, moment

FILE_NAME = "index.html"
# What a set of rules decides, for people who read its version.
_RULES = {"channels": "channels named by the rule set “{}”", "definitions": "numbers defined as of version {}"}
_TEMPLATES = Path(__file__).parent / "templates"


def build_report(connection: duckdb.DuckDBPyConnection, folder: Path, facts: ReleaseFacts) -> None:
    """Write `index.html` and the quarterly reviews into an existing folder.

    Every value from data is escaped by the template engine; the only markup let through are our own pictures,
    whose text the chart library escapes. A strict content security policy forbids whatever would slip through.

    Args:
        connection: sees the released tables without a schema (an open `journey.duckdb`).
        folder: an existing folder; nothing outside it is written.
        facts: what the release says of itself.
    """
    as_of = facts.as_of.astimezone(UTC).replace(tzinfo=None)
    released = Released(connection, as_of)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["picture"] = _trusted
    head = _head(facts)
    style = Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8"))  # noqa: S704  our own file
    reviewed = quarters(released)
    for place, quarter in enumerate(reviewed):
        told = review(released, quarter, is_latest=place == 0)
        text = environment.get_template("review.html.j2").render(head=head, style=style, review=told)
        (folder / quarter.file).write_text(text, encoding="utf-8")
    page = environment.get_template("page.html.j2").render(
        head=head,
        palette=PALETTE,
        style=style,
        reviews=reviewed,
        scorecard=scorecard(released),
        actions=actions(released),
        funnel=funnel(released),
        attribution=attribution(released),
        segments=segments(released),
        predictions=predictions(released),
        experience=experience(released),
        pain=pain(released),
        experiments=experiments(released),
        next_actions=next_actions(released),
        restated=restated(released),
        quality=quality(released),
    )
    (folder / FILE_NAME).write_text(page, encoding="utf-8")


def _trusted(svg: str) -> Markup:
    """Our own drawing as markup."""
    return Markup(svg)  # noqa: S704  made by vl-convert, which escapes every text it is given


def _head(facts: ReleaseFacts) -> dict[str, Any]:
    """The release in words; the week is the last one that ended before the cut-off."""
    last_moment = (facts.as_of - timedelta(microseconds=1)).astimezone(ZoneInfo(facts.time_zone))
    monday = last_moment.date() - timedelta(days=last_moment.weekday())
    return {
        "week": day(monday),
        "week_end": day(min(last_moment.date(), monday + timedelta(days=6))),
        "release_id": facts.release_id,
        "as_of": moment(_naive(facts.as_of)),
        "known_at": moment(_naive(facts.known_at)),
        "time_zone": facts.time_zone,
        "code_version": facts.code_version,
        "configuration": facts.configuration_hash[:12],
        "rules": [
            _RULES.get(rule, f"{rule} rules {{}}").format(version)
            for rule, version in sorted(facts.rule_versions.items())
        ],
        "input_files": count(facts.input_files),
    }


def _naive(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None)
