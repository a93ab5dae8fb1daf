"""The settings of one home, read once and validated.

Holds what a user may set: `journey.toml` in the home, then `JOURNEY_*` variables over it.
Add a field here when a user must be able to choose it. The numbers that SQL and Python share are not
here: they are `vars` in `dbt_project/dbt_project.yml`, read by `shared_numbers`.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from journey_pipeline import fault_points, strict_yaml

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"


class SettingsError(ValueError):
    """A setting is unknown or has a value that cannot be used; the text names it and what to do."""


class MatchingSwitch(BaseModel):
    """Probabilistic matching of person records: off unless switched on, thresholds for this deployment's data."""

    model_config = {"extra": "forbid", "frozen": True}

    enabled: bool = Field(default=False, description="Link records without a shared key by name, date and address.")
    merge_at: float = Field(default=0.95, ge=0.5, lt=1, description="Least match probability of a link.")
    review_at: float = Field(default=0.8, ge=0.5, lt=1, description="Least match probability of a listed pair.")

    @model_validator(mode="after")
    def _review_lies_below(self) -> Self:
        if self.review_at > self.merge_at:
            raise ValueError(f"review_at {self.review_at} is above merge_at {self.merge_at}; lower it")
        return self


class Settings(BaseSettings):
    """Everything a home may be told. Environment variables win over `journey.toml`."""

    model_config = SettingsConfigDict(env_prefix="JOURNEY_", extra="forbid", frozen=True)

    home: Path = Field(default=PROJECT_ROOT / "data", description="Folder that holds all state.")
    inbox: Path | None = Field(default=None, description="Where exports arrive; <home>/inbox when unset.")
    time_zone: str = Field(default="Europe/Berlin", description="Reporting time zone: weeks begin at its midnight.")
    reporting_currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    threads: int = Field(default=2, ge=1, le=64)
    memory_limit: str = Field(default="3GB", pattern=r"^\d+(\.\d+)?(MB|GB)$")
    fail_on_gaps: bool = Field(default=False, description="A source that stops delivering refuses the release.")
    keep_releases: int = Field(default=12, ge=2, description="So many of the newest releases are kept.")
    keep_days: int = Field(default=90, ge=0, description="A release is kept for so many days in any case.")
    split_restatements: bool = Field(
        default=True, description="Split what changed since the last release by the reason; builds the states between."
    )
    matching: MatchingSwitch = Field(default=MatchingSwitch())
    notify_webhook: str | None = Field(default=None, pattern="^https?://", repr=False)
    notify_email: str | None = Field(default=None, pattern="^[^@\\s]+@[^@\\s]+$", description="Told of failed runs.")
    smtp_server: str = Field(default="localhost:25", pattern=r"^[^:\s]+(:\d+)?$", description="Host and port.")
    smtp_user: str | None = None
    smtp_password: str | None = Field(default=None, repr=False)
    pseudonym_key: str | None = Field(default=None, min_length=16, repr=False)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Berlin") from error
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # pydantic calls by these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file; no .env, no secrets folder."""
        # The file's values come in as init arguments (see `load`), so the environment must win over them.
        return env_settings, init_settings

    @property
    def inbox_folder(self) -> Path:
        """Where exports arrive."""
        return self.inbox or self.home / "inbox"

    @property
    def warehouse(self) -> Path:
        """The private build file. dbt bakes the stem into its manifest, so only the folder may vary."""
        return self.home / "warehouse.duckdb"

    @property
    def pseudonym_file(self) -> Path:
        """Where the key of the pseudonyms lies unless the environment has it."""
        return self.home / "pseudonym.key"

    @property
    def lake(self) -> Path:
        """The only state."""
        return self.home / "lake"

    def duckdb_config(self) -> dict[str, Any]:
        """Connection settings: bounded and offline."""
        return {
            "threads": self.threads,
            "memory_limit": self.memory_limit,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        }

    def configuration_hash(self) -> str:
        """SHA-256 over what the numbers depend on; machine size and paths are not part of it."""
        facts = f"{self.time_zone}|{self.reporting_currency}|{self.fail_on_gaps}|{sorted(shared_numbers().items())}"
        if self.matching.enabled:
            facts += f"|{self.matching}"
        return hashlib.sha256(facts.encode()).hexdigest()


def load(home: Path | None = None, inbox: Path | None = None) -> Settings:
    """Read `<home>/journey.toml` and the environment. Raises SettingsError with the nearest known name."""
    chosen = home or Path(os.environ.get("JOURNEY_HOME") or Settings.model_fields["home"].default)
    chosen = chosen.expanduser().resolve()
    file = chosen / "journey.toml"
    values: dict[str, Any] = {}
    if file.exists():
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{file.name}: not valid TOML: {error}; mend that line") from error
    _refuse_unknown(values, f"{file.name}")
    if "pseudonym_key" in values:
        raise SettingsError(
            f"{file.name}: a key is no setting to share; move it to pseudonym.key (mode 0600) or JOURNEY_PSEUDONYM_KEY"
        )
    for secret in ("notify_webhook", "smtp_password"):
        if secret in values:
            raise SettingsError(
                f"{file.name}: {secret} is a secret and no setting to share; set JOURNEY_{secret.upper()} instead"
            )
    _refuse_unknown(
        {name[8:].lower(): value for name, value in os.environ.items() if name.startswith("JOURNEY_")},
        "environment JOURNEY_",
    )
    try:
        fault_points.arm_from_environment()
    except fault_points.UnknownFault as unknown:
        raise SettingsError(str(unknown)) from None
    os.environ["JOURNEY_HOME"] = str(chosen)  # one answer for this process and the children it starts
    if inbox is not None:
        os.environ["JOURNEY_INBOX"] = str(inbox.expanduser().resolve())
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        # Not chained: pydantic's own text quotes the value, which may be a secret.
        raise SettingsError(f"{file.name} or JOURNEY_* variables: {problems}") from None


# Variables that other parts read directly: not settings of the home, but not typing errors either.
_OTHER_VARIABLES = {"warehouse", "fault"}


def _refuse_unknown(values: dict[str, Any], where: str) -> None:
    known = set(Settings.model_fields) | _OTHER_VARIABLES
    for name in values:
        if name not in known:
            nearest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.0)
            raise SettingsError(f"{where}: unknown setting {name!r}; nearest known: {nearest[0]!r}")


@cache
def shared_numbers() -> dict[str, Any]:
    """The numbers SQL and Python share: `vars` of `dbt_project.yml`."""
    try:
        project = strict_yaml.read(DBT_PROJECT / "dbt_project.yml")
    except strict_yaml.StrictYamlError as error:
        raise SettingsError(str(error)) from None
    return dict(project.get("vars", {}))


@cache
def code_version() -> str:
    """First 12 hex digits of SHA-256 over every source file whose change may change a number."""
    digest = hashlib.sha256()
    folders = (PROJECT_ROOT / "journey_pipeline", DBT_PROJECT)
    files = (f for folder in folders for f in folder.rglob("*") if f.suffix in {".py", ".sql", ".csv", ".yaml", ".yml"})
    for file in sorted(f for f in files if "target" not in f.relative_to(PROJECT_ROOT).parts):
        digest.update(str(file.relative_to(PROJECT_ROOT)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
