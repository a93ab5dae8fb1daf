"""Whom a record speaks of: the identifiers and entities that a contract says its cells carry, as SQL.

Holds the one reading of a contract's `identifiers` and `entities` over raw cells. It reads generously, in every
spelling staging may choose: a text that is no identifier is nobody's. Add here when a cell carries them in a new way.
Must not be here: pseudonyms and hashes, whose records are looked for, what is done with them.

`path` of an identifier is a JSONPath (`$.email`); `name=email`, the `value` of the list's member that has that name; or
words whose last one is the member or parameter (`transaction_id`, `page.url query`). Ids of clicks are looked for by
their own names in the whole cell, all kinds at once, for one address may have any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.contract import Contract, Entity, Identifier

# Parameters of an address that identify a click or the person who clicked, and the kind each is of.
PARAMETERS = {
    **{name: name for name in ("fbclid", "gbraid", "gclid", "li_fat_id", "msclkid", "ttclid", "wbraid")},
    "mc_eid": "mailchimp_euid",
}
_PARAMETER = rf'((?:{"|".join(PARAMETERS)})"?[=:]\s*"?[^&#"\s\\]+)'
_PARAMETER_VALUE = r'[=:]\s*"?(.+)$'
_LISTED = r"([^\s,;|]+)"


def carried(contract: Contract, columns: Iterable[str], source: str) -> str | None:
    """A query for `_row, kind, value`: each identifier of each record of `source`, in its spellings; None without any.

    Args:
        contract: whose records they are.
        columns: those of the contract that `source` has.
        source: a relation of raw cells with `_row`, which names the record.
    """
    there = set(columns)
    declared = [one for one in contract.identity.carriers if {one.column, one.type_column or one.column} <= there]
    parts = dict.fromkeys(_part(one, source) for one in declared)
    if not parts:
        return None
    return f"""
        select distinct _row, kind, value from (
            select _row, kind, unnest({spellings("kind", "trim(cell)")}) as value
            from ({" union all ".join(parts)}) where kind is not null
        ) where value is not null and value <> ''
    """


def _part(one: Identifier | Entity, source: str) -> str:
    """A query for `_row, kind, cell`: the texts of one column that may be the identifier."""
    cell = engine.name(one.column)
    is_click = one.type in PARAMETERS and one.path is not None and not one.path.startswith("$.")
    if is_click or (one.path or "").endswith("query"):
        return _clicks(cell, source)
    kind = engine.text(one.type) if one.type else f"lower(trim({engine.name(one.type_column or '')}))"
    return (
        f"select _row, {kind} as kind, unnest({_texts(cell, one.path)}) as cell from {source} where {cell} is not null"
    )


def _clicks(cell: str, source: str) -> str:
    kinds = ", ".join(f"{engine.text(name)}: {engine.text(kind)}" for name, kind in PARAMETERS.items())
    value = f"regexp_extract(found, {engine.text(_PARAMETER_VALUE)}, 1)"
    return f"""
        select _row, map {{{kinds}}}[regexp_extract(found, '^([a-z_]+)', 1)] as kind,
            coalesce(try(url_decode(replace({value}, '+', ' '))), {value}) as cell
        from (select _row, unnest({_all(cell, _PARAMETER)}) as found from {source} where {cell} is not null)
    """


def _texts(cell: str, path: str | None) -> str:
    if path is None:
        # The cell, or each of several in a list.
        return f"list_concat([{cell}], {_all(cell, _LISTED)})"
    if path.startswith("$"):
        return f"[json_extract_string(try_cast({cell} as json), {engine.text(_json_path(path))})]"
    if "=" in path:
        name, wanted = path.split("=", 1)
        members = f"from_json(try_cast({cell} as json), '[\"JSON\"]')"
        return (
            f"list_transform(list_filter({members}, lambda m: m->>{engine.text(name)} = {engine.text(wanted)}), "
            "lambda m: m->>'value')"
        )
    member = re.escape(path.split()[-1])
    # A member of an object, of a JavaScript object, or of a list of keys and typed values.
    pattern = rf"""(?i)['"]?{member}['"]?\s*(?:,\s*"value"\s*:\s*\{{\s*"[a-z_]+"\s*)?:\s*['"]?([^'",\}}]+)"""
    return _all(f"coalesce(try(url_decode({cell})), {cell})", pattern)


def _all(cell: str, pattern: str) -> str:
    return f"regexp_extract_all({cell}, {engine.text(pattern)}, 1)"


def _json_path(path: str) -> str:
    """`$.Order ID` and `$.$email` as paths that every engine reads: members in quotes."""
    steps = re.findall(r"([^.\[]+)((?:\[\d+\])*)", path.removeprefix("$").removeprefix("."))
    return "$" + "".join(f'."{name}"{places}' for name, places in steps)


def spellings(kind: str, value: str) -> str:
    """SQL for the ways staging may write a value of a kind."""
    digits = f"regexp_replace({value}, '[^0-9+]', '', 'g')"
    return f"""case
        when {kind} = 'email' then [lower({value})]
        when {kind} = 'phone' then [case when {digits} like '00%' then '+' || substr({digits}, 3) else {digits} end]
        when {kind} like 'salesforce\\_%' escape '\\' then [{value}, {_salesforce(value)}]
        when {kind} = 'order_name' then [replace({value}, '#', '')]
        when {kind} = 'shopify_customer_id' then [{value}, regexp_extract({value}, '([0-9]+)$', 1)]
        else list_distinct([{value}, lower({value})]) end"""


def _salesforce(value: str) -> str:
    """The 18 characters of a 15-character id; anything else is nobody's."""
    marks = []
    for group in range(3):
        bits = " + ".join(
            f"case when substr({value}, {5 * group + bit + 1}, 1) between 'A' and 'Z' then {2**bit} else 0 end"
            for bit in range(5)
        )
        marks.append(f"substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + {bits}, 1)")
    return f"case when length({value}) = 15 then {value} || {' || '.join(marks)} end"
