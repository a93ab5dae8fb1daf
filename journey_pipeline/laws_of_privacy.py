"""Laws of what a release must not tell of a single person: an address in its text, a number of a handful of people.

Holds what addresses and numbers of people look like, and which tables speak of few people. Add a kind or a table
here. Must not be here: where a kind may stand (the seed `published_text_allowances`), pseudonyms (`pseudonyms`).
"""

from __future__ import annotations

from collections.abc import Mapping

from journey_pipeline.law import Connection, Outcome, offending
from journey_pipeline.settings import shared_numbers

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
# Each pattern has one group, the value itself; what stands around it keeps ids and versions out. A phone number needs a
# plus sign or the separators people write: a bare run of digits is an id as often as a number.
PATTERNS: Mapping[str, str] = {
    "email": r"([\pL\pN._%+-]+(?:@|%40)[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL{2,})",
    "phone": r"(?:^|[^0-9A-Za-z.+-])("
    r"\+[1-9](?:[ ()./-]{0,2}[0-9]){7,14}"
    r"|\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}"
    r"|\(?0[1-9][0-9]{1,4}\)?[ /-]{1,3}[0-9]{3,4}(?:[ -]?[0-9]){2,5}"
    r")(?:$|[^0-9A-Za-z-])",
    "ip_address": rf"(?:^|[^0-9A-Za-z.])((?:{_OCTET}\.){{3}}{_OCTET})(?:$|[^0-9A-Za-z.]|\.(?:$|\s))",
    "ipv6_address": r"(?:^|[^0-9A-Za-z:.])((?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}"
    r"|(?:[0-9A-Fa-f]{1,4}:){2,6}(?::[0-9A-Fa-f]{1,4}){1,5})(?:$|[^0-9A-Za-z:])",
    "card_number": r"(?:^|[^0-9A-Za-z-])("
    r"(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6011|65[0-9]{2}|3[47][0-9]{2})(?:[ -]?[0-9]){9,15}"
    r")(?:$|[^0-9A-Za-z-])",
    "iban": r"(?:^|[^0-9A-Za-z])([A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)(?:$|[^0-9A-Za-z])",
}
# What every match of the patterns contains, quick to look for: one text in ten has it.
_SUSPECT = "[@+(. :]|%40|[0-9]{12}|[A-Z]{2}[0-9]{2}|[0-9]{3}[-/]{1,3}[0-9]{3}|[0-9]{4}-[0-9]{4}"
# Card numbers and IBANs carry check digits: of other numbers one in ten, or in a hundred, passes.
# Of ids that are long numbers so many pass by chance that nobody looks for cards there.
_IDS = "(_id|_ref|_hash)$|^ref$"
_MACROS = """
create or replace temp macro luhn_holds(number) as list_sum(list_transform(
    list_reverse(string_split(regexp_replace(number, '[^0-9]', '', 'g'), '')), lambda digit, place:
        case when place % 2 = 1 then digit::integer
            when digit::integer > 4 then 2 * digit::integer - 9 else 2 * digit::integer end)) % 10 = 0;
create or replace temp macro iban_digit(letter) as
    case when letter between '0' and '9' then letter else (ascii(letter) - 55)::varchar end;
create or replace temp macro iban_rest(letters) as list_reduce(
    list_transform(string_split(array_to_string(list_transform(string_split(letters, ''), lambda letter:
        iban_digit(letter)), ''), ''), lambda digit: digit::integer),
    lambda rest, digit: (10 * rest + digit) % 97);
create or replace temp macro iban_holds(number) as
    iban_rest(substr(replace(number, ' ', ''), 5) || substr(replace(number, ' ', ''), 1, 4)) = 1;
"""


def text_names_nobody(connection: Connection) -> Outcome:
    """No released text holds an e-mail address, phone number, IP address, card number or IBAN."""
    connection.execute(_MACROS)
    connection.execute("create or replace temp table suspects (table_name varchar, column_name varchar, text varchar)")
    for table, column in connection.execute(
        """
        select table_name, column_name from duckdb_columns()
        where schema_name = 'marts' and (data_type like '%VARCHAR%' or data_type like '%JSON%')
        order by table_name, column_index
        """
    ).fetchall():
        connection.execute(
            f"""
            insert into suspects
            select '{table}', '{column}', text
            from (select distinct "{column}"::varchar as text from marts."{table}")
            where regexp_matches(text, '{_SUSPECT}')
            """
        )
    matches = " union all ".join(
        f"select *, '{kind}' as kind, unnest(regexp_extract_all(text, ${kind}, 1)) as value from suspects"
        for kind in PATTERNS
    )
    found = connection.execute(
        f"""
        select table_name, column_name, kind, count(distinct text),
            -- What is told has no letter and no digit of the value.
            left(min(regexp_replace(regexp_replace(value, '\\pL', 'x', 'g'), '\\pN', '9', 'g')), 40)
        from ({matches}) as matches
        where (kind <> 'iban' or iban_holds(value))
            and (kind <> 'card_number' or luhn_holds(value) and not regexp_matches(column_name, '{_IDS}'))
            and not exists (
                select 1 from seeds.published_text_allowances as allowed
                where allowed.table_name = matches.table_name and allowed.column_name = matches.column_name
                    and allowed.kind = matches.kind and regexp_full_match(matches.value, allowed.pattern)
            )
        group by table_name, column_name, kind order by table_name, column_name, kind
        """,
        dict(PATTERNS),
    ).fetchall()
    connection.execute("drop table suspects")
    told = [f"{table}.{column}: {texts} with a {kind} like {shape}" for table, column, kind, texts, shape in found]
    advice = ["mend them at the source, or say in published_text_allowances.csv why they may be read"] if told else []
    return Outcome(sum(texts for *_, texts, _ in found), "; ".join(told + advice))


# Released table -> the rows that tell something of so few people: a query of table, week, cell and people.
_FEW_PEOPLE = (
    """select 'segment_metrics', week, concat_ws('/', segment_set, segment, metric), denominator
    from marts.segment_metrics where metric <> 'customer_share' and coalesce(numerator, value) is not null""",
    """select 'experience', week, concat_ws('/', definition_id, segment_set, segment), answers
    from marts.experience where segment_set <> 'all' and coalesce(score, reweighted_score, mean_answer) is not null""",
    """select 'comment_themes', week, concat_ws('/', instrument, theme), comments
    from marts.comment_themes where coalesce(share, negative_share, mean_score_share) is not null""",
    """select 'personas', week, persona, customers
    from marts.personas where coalesce(channel_share, revenue_per_customer, nps) is not null""",
    """select 'response_bias', week, definition_id || '/left', answers_left
    from marts.response_bias where score_left is not null""",
    """select 'response_bias', week, definition_id || '/stayed', answers_stayed
    from marts.response_bias where score_stayed is not null""",
)


def few_people_are_not_told(connection: Connection) -> Outcome:
    """What describes people by their attributes says nothing of fewer than `small_cell` of them but how many."""
    return offending(
        connection,
        f"""
        select * from ({" union all ".join(_FEW_PEOPLE)}) as told("table", week, cell, people)
        where people between 1 and {int(shared_numbers()["small_cell"]) - 1}
        """,
    )
