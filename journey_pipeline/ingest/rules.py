"""SQL for single rows: what the cleaner removes, which rows are not data, which cells break a rule.

Holds one expression per contract word. Add here when the contract can say something new about a cell.
Must not be here: running SQL, rules across rows or files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from babel.core import get_global

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.contract import Column, Contract, Member, NumberStyle, Time, TypeOptions

_ISO_DATE = r"\d{4}-\d{2}-\d{2}"
_ISO_TIMESTAMP = _ISO_DATE + r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?"
_NUMBER_TYPE = "decimal(38, 9)"
_EARLIEST = "2000-01-01"


@dataclass(frozen=True)
class Rule:
    """One cell rule: `holds` is a SQL condition that is never null, `value` the SQL of the cell.

    `shown` is SQL for what was found where that is no cell and so no personal value.
    """

    column: str
    name: str
    expected: str
    holds: str
    value: str
    shown: str | None = None


def cleaned(contract: Contract, column: Column, style: NumberStyle) -> str:
    """The cell without null tokens, apostrophe guard and number decoration, so that staging can cast plainly.

    The guard is the apostrophe spreadsheets put before a value that starts like a number or a formula; an
    apostrophe before a letter ('t Hooft) belongs to the text. A number that does not follow the declared
    style is left as it is, for the rules to refuse.
    """
    clean = contract.ingest.clean
    cell = engine.name(column.name)
    if clean.strip_leading_apostrophe:
        # The cheap test first: it spares nearly every cell the pattern.
        guard = "starts_with({0}, '''') and regexp_matches({0}, '^''[0-9+=@(-]')"
        cell = f"case when {guard.format(cell)} then substr({cell}, 2) else {cell} end"
    tokens = [*clean.null_tokens, *column.custom.nullTokens]
    if tokens:
        cell = f"case when not (({_may_be(cell, tokens)}) and trim({cell}) in ({engine.texts(tokens)})) then {cell} end"
    if column.logicalType in ("number", "integer") and (style.thousands or style.decimal != "."):
        cell = _plain_number(cell, style.thousands, style.decimal)
    return cell


def _may_be(cell: str, tokens: Sequence[str]) -> str:
    """True for every cell that is one of the tokens with blanks about it, at a twentieth of what trimming all costs.

    Such a cell starts with a token, or with a blank: those sort before `!` or, beyond ASCII, after `~`.
    """
    return " or ".join([f"{cell} < '!'", f"{cell} > '~'", *(_starts(cell, token) for token in tokens if token)])


def _starts(cell: str, start: str) -> str:
    """`starts_with`, which is slower than two comparisons: the last is the highest character there is."""
    return f"{cell} between {engine.text(start)} and {engine.text(start)} || chr(1114111)"


# What people's software writes between thousands where they would type a blank.
_SPACES = "[ \u00a0\u2009\u202f]"


def _plain_number(cell: str, thousands: str, decimal: str) -> str:
    group, point = _SPACES if thousands == " " else re.escape(thousands), re.escape(decimal)
    whole = rf"(\d+|\d{{1,3}}({group}\d{{3}})+)" if thousands else r"\d+"
    style = engine.text(rf"[+-]?{whole}({point}\d+)?")
    plain = f"regexp_replace(trim({cell}), {engine.text(group)}, '', 'g')" if thousands else f"trim({cell})"
    if decimal != ".":
        plain = f"replace({plain}, {engine.text(decimal)}, '.')"
    # 1.02 is a plain number, but none where the comma is the decimal sign: the blank makes the rules refuse it.
    other = cell if decimal == "." else f"{cell} || ' '"
    judged = f"case when regexp_full_match(trim({cell}), {style}) then {plain} else {other} end"
    if decimal != "." or thousands == " ":
        return judged
    # Without the sign between thousands a number is plain already; this spares nearly every cell the pattern.
    return f"case when contains({cell}, {engine.text(thousands)}) then {judged} else {cell} end"


def dropped(contract: Contract) -> str:
    """Condition of the rows that are not data (totals); never null."""
    tests = [
        _is_blank(engine.name(rule.column))
        if rule.starts_with is None
        else f"coalesce({_starts(engine.name(rule.column), rule.starts_with)}, false)"
        for rule in contract.ingest.rows.drop
    ]
    return f"({' or '.join(tests)})" if tests else "false"


def _is_blank(cell: str) -> str:
    return f"case when {_may_be(cell, [])} then trim({cell}) = '' else {cell} is null end"


def rules_of(contract: Contract) -> list[Rule]:
    """All cell rules of a contract, nested members included."""
    scientific = "csv" not in contract.ingest.format.type
    result: list[Rule] = []
    for column in contract.columns:
        cell = engine.name(column.name)
        options = column.logicalTypeOptions
        if column.custom.oneFormatPerFile:
            # The file's own format was found already, and its cells were rewritten to ISO.
            options = options.model_copy(update={"format": None})
        result += _cell_rules(column.name, cell, column.logicalType, options, scientific)
        result += _common_rules(column.name, cell, column.required, column.custom.currency)
        for member in column.custom.members:
            result += _member_rules(column, member)
    if contract.ingest.time:
        result.append(_not_before_there_were_exports(contract.ingest.time))
    for left, right in contract.ingest.rows.equal:
        cell, other = engine.name(right), engine.name(left)
        test = f"{other} is null or {cell} = {other}"
        result.append(_rule(right, "equal", f"the same as {left}", cell, test))
    if contract.ingest.format.header:
        return result
    fields = len(contract.delivered_columns)
    whole = "(_extra is null)"
    width = Rule("record", "width", f"{fields} fields", whole, "_extra", shown="_extra || ' fields'")
    # A record of another width has no cells to judge.
    return [width, *(replace(rule, holds=f"(not {whole} or {rule.holds})") for rule in result)]


def _member_rules(column: Column, member: Member) -> list[Rule]:
    label = column.name + member.path[1:]
    cell = f"json_extract_string({_as_json(engine.name(column.name))}, {engine.text(member.path)})"
    # A member can only be missing from an object that is there.
    holder = f"{engine.name(column.name)} is null or "
    rules = _cell_rules(label, cell, member.logicalType, member.logicalTypeOptions, scientific=True)
    rules += _common_rules(label, cell, member.required, member.currency)
    return [Rule(rule.column, rule.name, rule.expected, f"({holder}{rule.holds})", rule.value) for rule in rules]


def _not_before_there_were_exports(time: Time) -> Rule:
    """A clock that was never set says 1970 or 1980; one such row would lengthen every table by decades of weeks."""
    label = time.column + (time.path or "$")[1:]
    early = f"{instant(time)} < timestamp '{_EARLIEST}'"
    return Rule(
        label,
        "earliest",
        f"a time of {_EARLIEST} or later",
        f"(not coalesce({early}, false))",
        engine.name(time.column),
    )


def _common_rules(label: str, cell: str, required: bool, currency: bool) -> list[Rule]:
    result = []
    if required:
        result.append(Rule(label, "required", "a value", f"({cell} is not null)", cell))
    if currency:
        test = _quickly(f"{cell} in ('EUR', 'USD', 'GBP')", f"{cell} in ({engine.texts(sorted(_currencies()))})")
        result.append(_rule(label, "currency", "an ISO 4217 currency code", cell, test))
    return result


def _cell_rules(label: str, cell: str, kind: str, options: TypeOptions, scientific: bool) -> list[Rule]:
    result = []
    if kind == "integer":
        pattern = rf"regexp_full_match({cell}, '[+-]?\d{{1,18}}')"
        test = _quickly(f"try_cast({cell} as bigint)::varchar = {cell}", pattern)
        result.append(_rule(label, "type", "a whole number", cell, test))
    elif kind == "number":
        exponent = r"([eE][+-]?\d{1,2})?" if scientific else ""
        pattern = engine.text(r"[+-]?\d{1,24}(\.\d+)?" + exponent)
        result.append(_rule(label, "type", "a number", cell, f"regexp_full_match({cell}, {pattern})"))
    elif kind in ("date", "timestamp"):
        result.append(_rule(label, "type", _spoken_time(kind, options), cell, _is_time(cell, kind, options)))
    elif kind == "boolean":
        words = "('true', 'false', 'yes', 'no', '0', '1')"
        result.append(_rule(label, "type", "true or false", cell, f"lower({cell}) in {words}"))
    elif kind in ("object", "array"):
        result.append(_rule(label, "type", f"a JSON {kind}", cell, _is_json(cell, kind)))
    return result + _limit_rules(label, cell, kind, options)


def _is_json(cell: str, kind: str) -> str:
    told = f"json_type({_as_json(cell)}) = '{kind.upper()}'"
    # An empty object may come as an empty list: some vendors' languages know no difference.
    return f"{told} or {cell} = '[]'" if kind == "object" else told


def _limit_rules(label: str, cell: str, kind: str, options: TypeOptions) -> list[Rule]:
    result = []
    number = f"try_cast({cell} as {'bigint' if kind == 'integer' else _NUMBER_TYPE})"
    if options.minimum is not None:
        limit = _limit(options.minimum)
        test = f"{number} >= {limit} or {number} is null"
        if options.minimum <= 0:
            # A number sorts after the full stop unless it has a sign.
            test = _quickly(f"{cell} > '.'", test)
        result.append(_rule(label, "minimum", f"at least {limit}", cell, test))
    if options.maximum is not None:
        limit = _limit(options.maximum)
        test = f"{number} <= {limit}"
        result.append(_rule(label, "maximum", f"at most {limit}", cell, f"{test} or {number} is null"))
    if options.pattern is not None:
        test = f"regexp_matches({cell}, {engine.text(options.pattern)})"
        if enumeration := re.fullmatch(r"\^\((\w+(?:\|\w+)*)\)\$", options.pattern):
            test = f"{cell} in ({engine.texts(enumeration.group(1).split('|'))})"
        result.append(_rule(label, "pattern", f"text like {options.pattern}", cell, test))
    return result


def _as_json(cell: str) -> str:
    """The cell as JSON, or null: a function of JSON would stop at the first cell that is none."""
    return f"try_cast({cell} as json)"


def _limit(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _rule(label: str, name: str, expected: str, cell: str, test: str) -> Rule:
    return Rule(label, name, expected, f"({cell} is null or coalesce({test}, false))", cell)


def _is_time(cell: str, kind: str, options: TypeOptions) -> str:
    if options.format:
        return f"try_strptime({cell}, [{engine.texts(options.format)}]) is not null"
    if kind == "date":
        return f"coalesce(strlen({cell}) = 10 and try_cast({cell} as date)::varchar = {cell}, false)"
    seconds = f"substr({cell}, 17, 1) = ':'"
    local = f"case when {seconds} then substr({cell}, 1, 19) else substr({cell}, 1, 16) end"
    iso = f"try_cast({local} as timestamp) is not null and regexp_full_match({cell}, '{_ISO_TIMESTAMP}')"
    # Of 19 characters: `infinity` is a time to the engine too.
    return _quickly(f"strlen({cell}) = 19 and try_cast({cell} as timestamp)::varchar = {cell}", iso)


def _quickly(sufficient: str, test: str) -> str:
    """The test, spared where a cheaper condition already says yes."""
    return f"case when {sufficient} then true else {test} end"


def _spoken_time(kind: str, options: TypeOptions) -> str:
    if options.format:
        return f"a {kind} like {' or '.join(options.format)}"
    return f"an ISO 8601 {kind}"


def misses_of_formats(contract: Contract, column: Column) -> list[str]:
    """Conditions, one per declared format, under which a cell does not follow it; never null, dropped rows never do."""
    cell = engine.name(column.name)
    return [
        f"{cell} is not null and not {dropped(contract)} and try_strptime({cell}, {engine.text(one)}) is null"
        for one in column.logicalTypeOptions.format or []
    ]


def rewritten(column: Column, chosen: str) -> str:
    """The cell in ISO, from the one format its file uses; what does not follow it stays for the rules to refuse."""
    cell = engine.name(column.name)
    iso = "%Y-%m-%d" if column.logicalType == "date" else "%Y-%m-%d %H:%M:%S"
    return f"coalesce(strftime(try_strptime({cell}, {engine.text(chosen)}), {engine.text(iso)}), {cell})"


@cache
def _currencies() -> frozenset[str]:
    return frozenset(get_global("all_currencies"))


def instant(time: Time) -> str:
    """The time of a row as TIMESTAMP in UTC; null when it is not a time."""
    return in_utc(time, written(time))


def written(time: Time, column: str | None = None) -> str:
    """A cell as the time it says by itself, before a declared zone; it sorts like the instants it stands for.

    `column` is dated like the time column.
    """
    cell = engine.name(column or time.column)
    if time.path and column is None:
        cell = f"json_extract_string({_as_json(cell)}, {engine.text(time.path)})"
    if time.kind in _EPOCHS:
        return f"make_timestamp(try_cast({cell} as bigint){_EPOCHS[time.kind]})"
    if time.format:
        return f"try_strptime({cell}, {engine.text(time.format)})"
    if time.kind not in _WITH_OFFSET:
        return f"try_cast({cell} as timestamp)"
    # Seconds and at most a Z behind them are UTC already; what has an offset costs five times as much to read.
    offset = f"timezone('UTC', try_cast({cell} as timestamptz))"
    is_plain = f"substr({cell}, 17, 1) = ':' and strlen({cell}) <= 20"
    return f"case when {is_plain} then try_cast({cell} as timestamp) else {offset} end"


def in_utc(time: Time, value: str) -> str:
    """A written time as TIMESTAMP in UTC."""
    if time.kind in _EPOCHS or (time.kind in _WITH_OFFSET and not time.format):
        return value
    if time.kind in _WITH_OFFSET:
        return f"timezone('UTC', {value})"
    return f"timezone('UTC', timezone({engine.text(time.tz)}, {value}::timestamp))"


_WITH_OFFSET = ("offset_in_value", "utc_instant")
_EPOCHS = {"epoch_us": "", "epoch_ms": " * 1000", "epoch_s": " * 1000000"}
