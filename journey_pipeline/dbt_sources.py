"""What the dbt project takes from elsewhere: what the contracts say, the maintained list of robots, and the names of
identifiers and rules of segments, which dbt must know before it has built the seeds that hold them.

Holds the generated files of the project. Add here when dbt must know something that contracts or a package say.
Must not be here: models, tests, anything a person would want to edit.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import yaml
from crawlerdetect.providers import crawlers, exclusions

from journey_pipeline import next_best_actions, segment_rules
from journey_pipeline.ingest import load_contracts
from journey_pipeline.settings import DBT_PROJECT

RAW_SOURCES = Path("models") / "staging" / "_raw.yml"
SPEND_AS_DELIVERED = Path("macros") / "_spend_as_delivered.sql"
BOT_PATTERNS = Path("macros") / "_bot_patterns.sql"
IDENTIFIER_TYPES = Path("macros") / "_identifier_types.sql"
SEGMENT_RULES = Path("macros") / "_segment_rules.sql"
NEXT_BEST_ACTION_RULES = Path("macros") / "_next_best_action_rules.sql"


def write_generated_files(project: Path = DBT_PROJECT) -> None:
    """Write every generated file of the project; one that already says so is left alone, and dbt parses nothing new."""
    write_raw_sources(project)
    write_spend_as_delivered(project)
    write_bot_patterns(project)
    write_identifier_types(project)
    _write(project / SEGMENT_RULES, segment_rules.macro(project))
    _write(project / NEXT_BEST_ACTION_RULES, next_best_actions.macro(project))


def write_raw_sources(project: Path = DBT_PROJECT) -> None:
    """Write the dbt sources of `raw`, one per contract."""
    tables = [
        {"name": contract.id, "description": f"One row per delivered record. {contract.purpose}"}
        for contract in load_contracts().values()
    ]
    content = (
        "# Written from journey_pipeline/contracts whenever dbt is prepared; git does not keep it.\n"
        + yaml.safe_dump(
            {"version": 2, "sources": [{"name": "raw", "schema": "raw", "tables": tables}]},
            sort_keys=False,
            allow_unicode=True,
            width=1000,
        )
    )
    _write(project / RAW_SOURCES, content)


def write_spend_as_delivered(project: Path = DBT_PROJECT) -> None:
    """Write the macro with every row of spend as its file tells it, which the released spend is held to."""
    told = [
        f"select\n"
        f"    {spend.platform or repr(contract.id.split('__')[0])} as platform,\n"
        f"    cast({spend.day} as date) as spend_date,\n"
        f"    {spend.campaign_id} as campaign_id,\n"
        f"    {spend.campaign} as campaign,\n"
        f"    cast({spend.cost} as decimal(18, 6)) as cost_amount,\n"
        f"    _file_id as source_file_id,\n"
        f"    _row_number as source_row_number\n"
        f"from {{{{ source('raw', '{contract.id}') }}}}\n"
        f"where _is_current\n"
        for contract in load_contracts().values()
        if (spend := contract.spend) is not None
    ]
    content = (
        "{#- Written from journey_pipeline/contracts whenever dbt is prepared; git does not keep it. -#}\n"
        "{% macro spend_as_delivered() -%}\n" + "union all\n".join(told) + "{%- endmacro %}\n"
    )
    _write(project / SPEND_AS_DELIVERED, content)


def write_bot_patterns(project: Path = DBT_PROJECT) -> None:
    """Write the robots of the crawlerdetect package as two macros, one RE2 pattern each, in quotes ready for SQL.

    `browser_words` is cut from a user agent first, as the package does, so that no robot's pattern is found inside
    the usual words of a browser; what is left is a robot when it holds one of the `bot_words`.
    """
    content = (
        "{#- Written from the package crawlerdetect whenever dbt is prepared; git does not keep it. -#}\n"
        + _macro("browser_words", alternation(exclusions.data))
        + _macro("bot_words", alternation(crawlers.data))
    )
    _write(project / BOT_PATTERNS, content)


def write_identifier_types(project: Path = DBT_PROJECT) -> None:
    """Write the seed `identifier_types` as a macro, the longest name first: `email_md5` is not an `md5`."""
    names = sorted(identifier_types(), key=lambda name: (-len(name), name))
    content = (
        "{#- Written from the seed identifier_types whenever dbt is prepared; git does not keep it. -#}\n"
        f"{{% macro identifier_types() %}}{{{{ return({names!r}) }}}}{{% endmacro %}}\n"
    )
    _write(project / IDENTIFIER_TYPES, content)


def identifier_types() -> list[str]:
    """Every kind of identifier there is, from the seed."""
    with (DBT_PROJECT / "seeds" / "identifier_types.csv").open(encoding="utf-8", newline="") as stream:
        return [row["identifier_type"] for row in csv.DictReader(stream)]


def alternation(patterns: Iterable[str]) -> str:
    """One pattern that finds what any of `patterns` finds, in words RE2 knows."""
    return "|".join(_without_lookahead(pattern) for pattern in patterns)


def _without_lookahead(pattern: str) -> str:
    """`Yandex(?!Search)` said letter by letter: RE2 has no look-around. For a literal word at the end of a pattern."""
    found = re.fullmatch(r"(.*)\(\?!(\w+)\)", pattern)
    if found is None:
        return pattern
    other = ""
    for letter in reversed(found[2]):
        other = f"(?:$|[^{letter}]{f'|{letter}{other}' if other else ''})"
    return found[1] + other


def _macro(name: str, pattern: str) -> str:
    literal = pattern.replace("'", "''")
    return f"{{% macro {name}() -%}}{{% raw %}}'{literal}'{{% endraw %}}{{%- endmacro %}}\n"


def _write(target: Path, content: str) -> None:
    if not target.exists() or target.read_text(encoding="utf-8") != content:
        target.write_text(content, encoding="utf-8")
