"""The contract of a source object: what its YAML may say, and what the loader reads from it.

Holds the pydantic model of one ODCS v3.1 document with our `ingest`, `identity`, `canonical` and `spend` blocks.
Add a field here when a delivered file needs something said about it that cannot be said yet.
Must not be here: reading YAML (`contracts/__init__.py`), reading data files, SQL.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Words = Annotated[list[str], Field(min_length=1)]
ContractId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*__[a-z][a-z0-9_]*$")]
LogicalType = Literal["string", "number", "integer", "date", "timestamp", "boolean", "object", "array"]
PersonalClass = Literal["email", "phone", "name", "ip", "device", "free_text", "address"]
PersonAttribute = Literal[
    "full_name", "given_name", "surname", "birth_date", "address", "postcode", "city", "email", "phone"
]
EventsTable = Literal[
    "touchpoints",
    "measurements",
    "identifier_edges",
    "profile_attributes",
    "conversions",
    "experience_scores",
    "spend",
    "consents",
    "content_metrics",
    "experiment_assignments",
]
IdentifierType = Literal[
    "advertising_id",
    "consent_key",
    "device_id",
    "discourse_user_id",
    "email",
    "email_md5",
    "email_sha256",
    "fbclid",
    "ga_client_id",
    "gbraid",
    "gclid",
    "hubspot_contact_id",
    "hubspot_utk",
    "intercom_contact_id",
    "klaviyo_profile_id",
    "li_fat_id",
    "mailchimp_euid",
    "mixpanel_distinct_id",
    "msclkid",
    "order_name",
    "phone",
    "salesforce_contact_id",
    "salesforce_lead_id",
    "segment_anonymous_id",
    "shopify_customer_id",
    "snowplow_domain_userid",
    "snowplow_network_userid",
    "stripe_customer_id",
    "ttclid",
    "user_id",
    "wbraid",
    "zendesk_user_id",
]
TimeKind = Literal[
    "utc_instant", "offset_in_value", "local_naive", "date_in_account_tz", "epoch_s", "epoch_ms", "epoch_us"
]


def _with_one_group(pattern: str) -> str:
    if re.compile(pattern).groups != 1:
        raise ValueError("the pattern must have exactly one group, the value")
    return pattern


OneGroup = Annotated[str, AfterValidator(_with_one_group)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TypeOptions(_Block):
    """Cell limits. `format` lists the strptime formats a date or timestamp may have (default ISO 8601)."""

    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    format: Words | None = None


class Member(_Block):
    """A rule on one value inside a nested JSON column, addressed by JSONPath."""

    path: Annotated[str, Field(pattern=r"^\$(\.[A-Za-z_][A-Za-z0-9_]*)+$")]
    logicalType: LogicalType = "string"  # noqa: N815 - ODCS spells it so
    logicalTypeOptions: TypeOptions = TypeOptions()  # noqa: N815
    required: bool = False
    currency: bool = False


class HeaderCapture(_Block):
    """A value that stands in the delivered header of another column, as the currency in `Amount spent (EUR)`."""

    column: Name
    pattern: OneGroup


class _Custom(_Block):
    property: Literal[
        "sourceHeader",
        "sourceHeaderPattern",
        "headerCapture",
        "alwaysDelivered",
        "preambleCapture",
        "oneFormatPerFile",
        "reportPeriod",
        "currency",
        "members",
        "nullTokens",
    ]
    value: Any


class _ColumnCustoms(_Block):
    """The typed reading of a column's customProperties.

    `alwaysDelivered` says that the vendor's export always has the column, though a cell may be blank: without it the
    file was cut or the header renamed. As a list it says so of the generations that have one of these columns.
    `reportPeriod` names the captured columns with the first and the last day the file says it covers.
    """

    sourceHeader: Words = []  # noqa: N815
    sourceHeaderPattern: str | None = None  # noqa: N815
    headerCapture: HeaderCapture | None = None  # noqa: N815
    alwaysDelivered: bool | list[Name] = False  # noqa: N815
    preambleCapture: OneGroup | None = None  # noqa: N815
    oneFormatPerFile: bool = False  # noqa: N815
    reportPeriod: tuple[Name, Name] | None = None  # noqa: N815
    currency: bool = False
    members: list[Member] = []
    nullTokens: list[str] = []  # noqa: N815


class Column(_Block):
    """One column of the raw table and the headers or keys that deliver it."""

    name: Name
    description: str | None = None
    physicalName: str | None = None  # noqa: N815
    physicalType: Literal["VARCHAR"] = "VARCHAR"  # noqa: N815
    logicalType: LogicalType = "string"  # noqa: N815
    logicalTypeOptions: TypeOptions = TypeOptions()  # noqa: N815
    required: bool = False
    primaryKey: bool = False  # noqa: N815
    primaryKeyPosition: int | None = None  # noqa: N815
    classification: Literal["personal"] | None = None
    customProperties: list[_Custom] = []  # noqa: N815

    @cached_property
    def custom(self) -> _ColumnCustoms:
        """Our own properties of the column, typed."""
        return _ColumnCustoms.model_validate({item.property: item.value for item in self.customProperties})

    @model_validator(mode="after")
    def _customs_are_well_formed(self) -> Column:
        if self.custom.sourceHeaderPattern is not None:
            re.compile(self.custom.sourceHeaderPattern)
        if self.custom.oneFormatPerFile and not self.logicalTypeOptions.format:
            raise ValueError(f"{self.name}: oneFormatPerFile needs the formats in logicalTypeOptions")
        return self

    @property
    def is_captured(self) -> bool:
        """Whether the value comes from the file's header or preamble, once for all rows, and not from a cell."""
        return self.custom.headerCapture is not None or self.custom.preambleCapture is not None

    def must_be_beside(self, delivered: Collection[str]) -> bool:
        """Whether a file that has the columns `delivered` must have this one too, whatever its cells may hold."""
        if self.is_captured:
            return False
        always = self.custom.alwaysDelivered
        return self.required or (any(name in delivered for name in always) if isinstance(always, list) else always)

    def claims(self, header: str) -> bool:
        """Whether a header of a delivered file names this column (case, spaces and NBSP do not matter)."""
        if self.is_captured:
            return False
        wanted = header_key(header)
        if wanted in {header_key(alias) for alias in (self.name, *self.custom.sourceHeader)}:
            return True
        pattern = self.custom.sourceHeaderPattern
        return pattern is not None and re.search(pattern, wanted, re.IGNORECASE) is not None


class Quality(_Block):
    """A dataset rule in ODCS words: rowCount or duplicateValues.

    A key counts once its `properties` are all there. Its `optional` parts may be blank, and blank equals blank: the
    ad group of a report that goes no further than campaigns.
    """

    metric: Literal["rowCount", "duplicateValues"]
    mustBe: int | None = None  # noqa: N815
    mustBeGreaterThan: int | None = None  # noqa: N815
    arguments: dict[Literal["properties", "optional"], list[Name]] = {}


class UniqueKey(NamedTuple):
    """A key within one file: `given` parts must be there for it to count, `optional` parts may be blank."""

    given: list[str]
    optional: list[str]


class Format(_Block):
    """How the bytes are laid out. Several entries are alternatives, tried in order.

    `lines` is plain text, one value per line, for a contract of one column. Delimited text without a header
    (`header: false`) has the contract's columns in order and no quoting; a line of another width is set aside.
    `metadata_rows` stand between header and data, and their text must hold `metadata_match` lest an answer be taken
    for one of them; `footer_lines` (least, most) stand after a blank line at the end. Both are kept with the preamble.
    `plain_gz` takes bytes that were unpacked on the way and kept their name.
    """

    type: Annotated[list[Literal["csv", "jsonl", "parquet", "lines"]], Field(min_length=1)]
    encodings: Words = ["utf-8"]
    delimiters: Words = [","]
    header: bool = True
    header_match: list[str] = []
    max_preamble_lines: int = 0
    metadata_rows: Annotated[int, Field(ge=0, le=5)] = 0
    metadata_match: str | None = None
    footer_lines: tuple[int, int] | None = None
    plain_gz: bool = False
    strip_nul: bool = False


class DropRule(_Block):
    """Rows that are not data, such as totals, by the cleaned text of `column`: how it starts, or that it is blank."""

    column: Name
    starts_with: str | None = None
    blank: Literal[True] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> DropRule:
        if (self.starts_with is None) == (self.blank is None):
            raise ValueError("give either starts_with or blank")
        return self


class ControlTotals(_Block):
    """A totals row whose numbers must equal the sums of the kept rows."""

    column: Name
    equals: str
    sums: Annotated[list[Name], Field(min_length=1)]


class Rows(_Block):
    """Row rules; `expect_dropped` is the inclusive range of dropped rows that is normal.

    `equal` are pairs of columns that say the same in every row, such as the first and the last day of a daily row.
    """

    drop: list[DropRule] = []
    equal: list[tuple[Name, Name]] = []
    expect_dropped: tuple[int, int] = (0, 0)
    control_totals: ControlTotals | None = None


class NumberStyle(_Block):
    """How numbers are written. A blank as `thousands` stands for any kind of space."""

    thousands: Literal["", ",", ".", " ", "'"] = ""
    decimal: Literal[".", ","] = "."


class DelimiterStyle(NumberStyle):
    """The style of the files that have this delimiter, such as 1 234,56 beside semicolons."""

    delimiter: str


class Clean(NumberStyle):
    """What the cleaner removes so that staging can cast plainly."""

    null_tokens: list[str] = [""]
    alternatives: list[DelimiterStyle] = []
    strip_leading_apostrophe: bool = False

    def style(self, delimiter: str | None) -> NumberStyle:
        """The style of a file by its delimiter."""
        return next((style for style in self.alternatives if style.delimiter == delimiter), self)


class Time(_Block):
    """The column that dates a row; `path` addresses a value inside a nested column."""

    column: Name
    kind: TimeKind
    path: str | None = None
    format: str | None = None
    tz: str = "UTC"

    @property
    def day_zone(self) -> str:
        """The zone whose days a person would speak of: the account's where it dates the rows, else UTC."""
        return self.tz if self.kind in ("date_in_account_tz", "local_naive") else "UTC"


class ExportedAt(_Block):
    """Where the export time comes from: a date in the path, else the latest value of `columns`.

    `path_pattern` has the group `date` (with a year of two or four digits) and may have `time`, or `epoch_ms`.
    """

    path_pattern: str | None = r"(?P<date>20\d\d-[01]\d-[0-3]\d)(?:[-_T](?P<time>[0-2]\d[0-5]\d)(?![\d-]))?"
    columns: list[Name] = []


class Delivery(_Block):
    """Which rows of several files are current.

    In `replace_window` a file replaces everything between its first and its last `time`, for the same values of
    `scope` (an account); or, with `window`, the rows that have the same values there (an order).
    `on_gap` says what a release does when this object stops delivering; unset, the home's `fail_on_gaps` decides.
    """

    mode: Literal["replace_window", "append_dedupe", "upsert_latest", "snapshot_full"]
    window: list[Name] = []
    scope: list[Name] = []
    key: list[Name] = []
    version: Name | None = None
    exported_at: ExportedAt = ExportedAt()
    restatement_days: int | None = None
    freshness_hours: int | None = None
    on_gap: Literal["warn", "refuse"] | None = None

    @model_validator(mode="after")
    def _mode_has_what_it_needs(self) -> Delivery:
        needs = {
            "replace_window": True,
            "append_dedupe": bool(self.key),
            "upsert_latest": bool(self.key and self.version),
            "snapshot_full": True,
        }
        if not needs[self.mode]:
            raise ValueError(f"delivery mode {self.mode} lacks its window, key or version")
        return self


class Limits(_Block):
    """What is tolerated before a file is held back."""

    max_quarantine_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    min_rows: Annotated[int, Field(ge=0)] = 1
    may_be_empty: bool = False
    on_unknown_column: Literal["keep_extra"] = "keep_extra"
    on_missing_required: Literal["fail"] = "fail"


class Ingest(_Block):
    """Everything the loader needs to know about the delivered files.

    A zip counts as a folder: `glob` and `companions` see `<name>.zip/<member>`. Companions come with the export
    and hold nothing of their own; they are left out without a word.
    """

    glob: Words
    companions: list[str] = []
    format: Format
    rows: Rows = Rows()
    clean: Clean = Clean()
    time: Time | None = None
    delivery: Delivery
    limits: Limits = Limits()


class Identifier(_Block):
    """A raw column, or a value inside it, that carries an identifier of a person, device, click or order.

    `type_column` names the column that says its type, where a record may carry one of several.
    """

    column: Name
    type: IdentifierType | None = None
    type_column: Name | None = None
    path: str | None = None

    @model_validator(mode="after")
    def _has_one_type(self) -> Identifier:
        if (self.type is None) == (self.type_column is None):
            raise ValueError(f"{self.column}: give either type or type_column")
        return self


class Entity(_Block):
    """A raw column that names what belongs to a person, as a deal or a ticket, where other records speak of it."""

    column: Name
    type: Literal["hubspot_deal", "salesforce_opportunity", "stripe_charge", "zendesk_ticket"]
    path: str | None = None

    @property
    def type_column(self) -> None:
        """An entity is always of one type."""
        return None


class Identity(_Block):
    """Identifiers, what else belongs to a person, and the class of every personal column."""

    identifiers: list[Identifier] = []
    entities: list[Entity] = []
    personal: dict[Name, PersonalClass] = {}
    # Columns that describe the person whom the staging model's identifier names, for probabilistic matching.
    person: dict[PersonAttribute, Name] = {}

    @property
    def carriers(self) -> list[Identifier | Entity]:
        """Every column that says whom a record speaks of."""
        return [*self.identifiers, *self.entities]


class SpendColumns(_Block):
    """Where a delivered row says what was spent, as SQL over the raw columns: mostly a column's name.

    The released spend is held to it row by row and to the cent, so it must not be read off the staging model.
    `platform` is the one the row names, where a file may hold several; unset, it is the source.
    """

    day: str
    cost: str
    campaign: str
    campaign_id: str = "null"
    platform: str | None = None


class ServiceLevel(_Block):
    """What the source promises: data of every `frequency_days`, here at most `latency_hours` after it happened.

    Without a frequency nothing is promised: a one-off import is never late. After `retention_days` records leave the
    lake, by the time that dates them; unset, they stay.
    """

    latency_hours: Annotated[int, Field(gt=0)] | None = None
    frequency_days: Annotated[int, Field(gt=0)] | None = None
    retention_days: Annotated[int, Field(gt=0)] | None = None


class Contract(_Block):
    """One source object, ready for the loader. Built from YAML by `load_contracts`."""

    id: ContractId
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    domain: str
    purpose: str
    tags: list[str] = []
    columns: tuple[Column, ...]
    quality: list[Quality] = []
    ingest: Ingest
    identity: Identity
    canonical: list[EventsTable]
    spend: SpendColumns | None = None
    service_level: ServiceLevel = ServiceLevel()

    @field_validator("columns")
    @classmethod
    def _columns_are_distinct(cls, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        names = [column.name for column in columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"columns named twice: {', '.join(twice)}")
        return columns

    @model_validator(mode="after")
    def _blocks_name_real_columns(self) -> Contract:
        ingest, names = self.ingest, {column.name for column in self.columns}
        used = {*ingest.delivery.window, *ingest.delivery.scope, *ingest.delivery.key}
        used |= set(ingest.delivery.exported_at.columns)
        used |= {c.custom.headerCapture.column for c in self.columns if c.custom.headerCapture}
        if ingest.delivery.mode == "replace_window" and not ingest.delivery.window and ingest.time is None:
            raise ValueError("delivery mode replace_window lacks its window or the time block that dates the rows")
        used |= {rule.column for rule in ingest.rows.drop} | set(self.identity.personal)
        used |= set(self.identity.person.values())
        used |= {name for pair in ingest.rows.equal for name in pair}
        used |= {name for c in self.columns for name in c.custom.reportPeriod or ()}
        always = (c.custom.alwaysDelivered for c in self.columns)
        used |= {name for names in always if isinstance(names, list) for name in names}
        used |= {item.column for item in self.identity.carriers}
        used |= {item.type_column for item in self.identity.identifiers if item.type_column}
        used |= {ingest.delivery.version} if ingest.delivery.version else set()
        used |= {ingest.time.column} if ingest.time else set()
        used |= {name for rule in self.quality for names in rule.arguments.values() for name in names}
        if totals := ingest.rows.control_totals:
            used |= {totals.column, *totals.sums}
        if unknown := sorted(used - names):
            raise ValueError(f"blocks name columns the schema does not have: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _spend_can_be_held_to_the_delivery(self) -> Contract:
        if "spend" in self.canonical and self.spend is None:
            raise ValueError(
                "it feeds the table spend and does not say which of its columns the spend is held to: add "
                "{property: spend, value: {day: ..., cost: ..., campaign: ..., campaign_id: ...}} to customProperties"
            )
        if "spend" not in self.canonical and self.spend is not None:
            raise ValueError("it has a spend block and does not feed the table spend: add spend to canonical")
        return self

    @model_validator(mode="after")
    def _retention_has_a_time(self) -> Contract:
        if self.service_level.retention_days is not None and self.ingest.time is None:
            raise ValueError(
                "it has a retention and no time block that dates its records: add one, or drop the retention"
            )
        return self

    @property
    def column_names(self) -> list[str]:
        """Names of the value columns of the raw table, in order."""
        return [column.name for column in self.columns]

    @property
    def delivered_columns(self) -> list[str]:
        """Names of the columns that have cells in the file, in order."""
        return [column.name for column in self.columns if not column.is_captured]

    @property
    def unique_keys(self) -> list[UniqueKey]:
        """Columns whose values together may not repeat within one file."""
        rules = [rule.arguments for rule in self.quality if rule.metric == "duplicateValues"]
        return [UniqueKey(parts["properties"], parts.get("optional", [])) for parts in rules]


def header_key(header: str) -> str:
    """A header as it is compared: NBSP and runs of spaces become one space, trimmed, case folded."""
    return " ".join(header.replace("\u00a0", " ").split()).casefold()
