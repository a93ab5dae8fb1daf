"""Settings: one order of precedence, and no typing error goes by in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from journey_pipeline.settings import SettingsError, load


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("JOURNEY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JOURNEY_HOME", "unset-by-test")  # restored afterwards, whatever load() writes


def test_the_file_of_the_home_is_read(tmp_path: Path) -> None:
    (tmp_path / "journey.toml").write_text('time_zone = "Asia/Kolkata"\nthreads = 4\n')
    assert (load(tmp_path).time_zone, load(tmp_path).threads) == ("Asia/Kolkata", 4)


def test_a_key_given_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "journey.toml").write_text("threads = 4\n\nthreads = 2\n")
    with pytest.raises(SettingsError, match=r"journey.toml: not valid TOML: .*line 3"):
        load(tmp_path)


def test_a_setting_is_never_a_template(tmp_path: Path) -> None:
    (tmp_path / "journey.toml").write_text("reporting_currency = \"{{ env_var('PATH') }}\"\n")
    with pytest.raises(SettingsError, match="reporting_currency") as refused:
        load(tmp_path)
    assert "/bin" not in str(refused.value)


def test_a_variable_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "journey.toml").write_text("threads = 4\n")
    monkeypatch.setenv("JOURNEY_THREADS", "1")
    assert load(tmp_path).threads == 1


def test_what_a_gap_does_belongs_to_the_configuration(tmp_path: Path) -> None:
    usual = load(tmp_path)
    (tmp_path / "journey.toml").write_text("fail_on_gaps = true\n")
    strict = load(tmp_path)
    assert (usual.fail_on_gaps, strict.fail_on_gaps) == (False, True)
    assert usual.configuration_hash() != strict.configuration_hash()


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    (tmp_path / "journey.toml").write_text('timezone = "UTC"\n')
    with pytest.raises(SettingsError, match="unknown setting 'timezone'; nearest known: 'time_zone'"):
        load(tmp_path)


def test_an_unknown_variable_is_an_error_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_TREADS", "2")
    with pytest.raises(SettingsError, match="nearest known: 'threads'"):
        load(tmp_path)


def test_a_zone_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (tmp_path / "journey.toml").write_text('time_zone = "Europe/Berlni"\n')
    with pytest.raises(SettingsError, match="Europe/Berlni"):
        load(tmp_path)


def test_the_configuration_hash_follows_what_numbers_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(tmp_path).configuration_hash()
    monkeypatch.setenv("JOURNEY_THREADS", "1")
    assert load(tmp_path).configuration_hash() == first
    monkeypatch.setenv("JOURNEY_TIME_ZONE", "Asia/Tokyo")
    assert load(tmp_path).configuration_hash() != first
