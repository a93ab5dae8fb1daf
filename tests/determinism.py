"""What makes a rerun differ, as far as it can be told from the text of SQL and Python alone.

Holds one rule per construct. Add here when another one is met. Must not be here: the places where one is right
(`test_determinism_lint`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """A banned construct, the line it is on, and the text of that line."""

    path: str
    line: int
    construct: str
    text: str


# The clock and chance.
_CHANCE = (
    "now|current_timestamp|get_current_timestamp|transaction_timestamp|today|localtimestamp|random|setseed|uuid|"
    "gen_random_uuid|uuidv4|uuidv7|nextval"
)
# Without brackets: the SQL standard writes them so.
_CHANCE_BARE = "current_date|current_time|current_timestamp|localtime|tablesample|using sample"
# Whichever row comes first.
_ANY = "any_value|first|last|arbitrary|approx_quantile|reservoir_quantile"
# Sums of binary floating point depend on how rows were dealt to threads, even if of whole numbers.
_FLOATING = (
    "stddev|stddev_pop|stddev_samp|variance|var_pop|var_samp|corr|covar_pop|covar_samp|regr_slope|regr_intercept|"
    "regr_r2|skewness|kurtosis|entropy|fsum|kahan_sum|favg|sumkahan|product|geomean"
)
_ORDERED = "string_agg|listagg|group_concat|list|array_agg|histogram"
_RANKED = "row_number|rank|dense_rank|percent_rank|cume_dist|ntile|lag|lead|first_value|last_value|nth_value"
_PICKED = "max_by|min_by|arg_max|arg_min|argmax|argmin|arg_max_null|arg_min_null"
_CALL = re.compile(
    rf"(?<![\w.|])(?:(?P<chance>{_CHANCE})|(?P<any>{_ANY})|(?P<floating>{_FLOATING})|(?P<ordered>{_ORDERED})|"
    rf"(?P<ranked>{_RANKED})|(?P<picked>{_PICKED}))\s*\(",
    re.I,
)
_BARE = re.compile(rf"\b({_CHANCE_BARE})\b(?!\s*\()", re.I)
_SQL = re.compile(r"\b(select\b[\s\S]*\bfrom|over \(|order by|qualify|group by|create or replace)\b", re.I)


def in_sql(path: str, text: str, first_line: int = 1) -> Iterator[Finding]:
    """Findings in one SQL text; comments and Jinja statements do not count."""
    code = re.sub(r"\{#.*?#\}|\{%.*?%\}|--[^\n]*|/\*.*?\*/", _blank, text, flags=re.S)
    found = [
        (match.start(), f"{match[match.lastgroup or 0].lower()}(): {why}")
        for match in _CALL.finditer(code)
        if (why := _why(code, match))
    ]
    found += [(match.start(), f"{match[1].lower()}: {_CLOCK}") for match in _BARE.finditer(code)]
    lines = text.splitlines()
    for start, construct in sorted(found):
        line = code.count("\n", 0, start)
        yield Finding(path, first_line + line, construct, lines[line].strip())


_CLOCK = "another answer with every call"
_WHY = {
    "chance": _CLOCK,
    "any": "whichever row comes first",
    "floating": "floating point, summed in the order of threads",
}


def _why(code: str, match: re.Match[str]) -> str | None:
    """Why a call is banned, or None."""
    kind, end = match.lastgroup, _closing(code, match.end() - 1)
    inside, behind = code[match.end() : end], code[end + 1 :]
    if kind == "ordered":
        is_sorted = re.search(r"(list_sort|array_sort)\s*\(\s*$", code[: match.start()], re.I)
        return None if is_sorted or "order by" in inside.lower() else "no order by"
    if kind == "ranked":
        return None if _window_has_order(code, behind) else "its window has no order by"
    if kind == "picked":
        arguments = _arguments(inside)
        is_total = len(arguments) > 1 and arguments[1].strip().startswith(("(", "{"))
        return None if is_total else "ties are broken by no key"
    return _WHY[str(kind)]


def _window_has_order(code: str, behind: str) -> bool:
    over = re.match(r"\s*(?:(?:ignore|respect) nulls\s*)?(?:filter\s*\([^()]*\)\s*)?over\s*(\(|\w+)", behind, re.I)
    if over is None:
        return True  # no call of a window function: a column of that name
    if over[1] != "(":
        named = re.search(rf"\b{over[1]}\s+as\s*\(", code, re.I)
        return named is None or "order by" in code[named.end() : _closing(code, named.end() - 1)].lower()
    window = behind[over.end() : _closing(behind, over.end() - 1)]
    named = re.match(r"\s*(?!partition\b|order\b|rows\b|range\b)(\w+)", window, re.I)
    if named:
        return _window_has_order(code, f" over {named[1]}")
    return "order by" in window.lower() or "{{" in window


def _closing(code: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[place], 0)
        if depth == 0:
            return place
    return len(code)


def _arguments(inside: str) -> list[str]:
    parts, depth = [""], 0
    for character in inside:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def in_python(path: str, text: str) -> Iterator[Finding]:
    """Findings in one Python module, and in the SQL it holds."""
    tree, lines = ast.parse(text), text.splitlines()
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        construct = _python_construct(node, parents)
        if construct:
            line = getattr(node, "lineno", 0) or node.iter.lineno
            yield Finding(path, line, construct, lines[line - 1].strip())
        sql = _sql_of(node, parents)
        if sql is not None:
            yield from in_sql(path, sql, node.lineno)


def _sql_of(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> str | None:
    """The text of a string that is SQL; what is put into it stands as one word."""
    if isinstance(node, ast.JoinedStr):
        text = "".join(p.value if isinstance(p, ast.Constant) else "{{x}}" for p in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if isinstance(parents[node], ast.JoinedStr | ast.Expr | ast.FormattedValue):
            return None
        text = node.value
    else:
        return None
    return text if _SQL.search(text) else None


_UNORDERED_FILES = {"glob", "rglob", "iterdir", "listdir", "scandir"}
# What a call makes of its argument whatever the order it comes in.
_ORDER_FREE = {"sorted", "max", "min", "any", "all", "len", "set", "frozenset"}


def _python_construct(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> str | None:
    if isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter):
        return None if _is_order_free(parents[node], parents) else "a set is iterated"
    if not isinstance(node, ast.Call):
        return None
    name = ast.unparse(node.func)
    last = name.rsplit(".", 1)[-1]
    if (last in {"now", "utcnow", "today"} and ("date" in name or "Timestamp" in name)) or name in {
        "time.time",
        "time.time_ns",
    }:
        return "the clock"
    if name == "hash" or last in {"uuid1", "uuid4"}:
        return "another answer in every process"
    is_chance = name.startswith(("random.", "np.random.", "numpy.random.", "secrets.")) or name in {
        "os.urandom",
        "default_rng",
    }
    if is_chance and not (last in {"Random", "default_rng", "SeedSequence", "Generator", "RandomState"} and node.args):
        return "chance without a seed"
    if last in _UNORDERED_FILES and not _is_order_free(node, parents):
        return "files in the order the disk has them"
    if last in {"list", "tuple", "join", "enumerate"} and node.args and _is_set(node.args[0]):
        return "a set is iterated"
    return None


def _is_set(node: ast.AST) -> bool:
    """Whether an expression is a set by its own words."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return _is_set(node.left) or _is_set(node.right)
    is_call = isinstance(node, ast.Call) and ast.unparse(node.func) in {"set", "frozenset"}
    return is_call or isinstance(node, ast.Set | ast.SetComp)


def _is_order_free(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether what an expression gives goes into something that asks for no order."""
    while (parent := parents.get(node)) is not None and isinstance(parent, ast.expr | ast.comprehension | ast.Starred):
        if isinstance(parent, ast.SetComp | ast.DictComp):
            return True
        if isinstance(parent, ast.Call) and ast.unparse(parent.func) in _ORDER_FREE and node in parent.args:
            return True
        node = parent
    return False


def in_folder(root: Path, *folders: str) -> list[Finding]:
    """Findings in the SQL and Python files below some folders of the project."""
    found: list[Finding] = []
    for file in sorted(file for folder in folders for file in (root / folder).rglob("*") if "target" not in file.parts):
        path = file.relative_to(root).as_posix()
        if file.suffix == ".sql":
            found += in_sql(path, file.read_text(encoding="utf-8"))
        elif file.suffix == ".py":
            found += in_python(path, file.read_text(encoding="utf-8"))
    return found
