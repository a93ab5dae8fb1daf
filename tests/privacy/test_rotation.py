"""A new key gives everybody another name, and nobody who was erased comes back with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from journey_pipeline import privacy, pseudonyms
from journey_pipeline.settings import SettingsError
from tests.privacy.small_home import EDGES, TOUCHES, SmallHome, edges, touches
from tests.privacy.test_erase import HER_EDGES, HER_TOUCHES, HIS_EDGES, HIS_TOUCHES, erase


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallHome:
    monkeypatch.setenv("JOURNEY_HOME", str(tmp_path))
    monkeypatch.delenv("JOURNEY_PSEUDONYM_KEY", raising=False)
    made = SmallHome(tmp_path)
    made.put(EDGES, edges(*HIS_EDGES, *HER_EDGES))
    made.put(TOUCHES, touches(*HIS_TOUCHES, *HER_TOUCHES))
    return made


def test_a_new_key_renames_everybody_and_the_erased_stay_away(home: SmallHome) -> None:
    home.run()
    erase(home, ("user_id", "u_maya_1"))
    before = home.customers()
    old = pseudonyms.key_of(home.settings)
    pseudonyms.rotate_key(home.settings)
    assert pseudonyms.key_of(home.settings) != old
    assert (home.settings.pseudonym_file.stat().st_mode & 0o777) == 0o600
    home.put("canonical/again/touchpoints.csv", touches(*HER_TOUCHES))
    for file in (home.lake.root / "raw").rglob("*.parquet"):
        file.unlink()
    home.put(EDGES, edges(*HIS_EDGES, *HER_EDGES))
    home.put(TOUCHES, touches(*HIS_TOUCHES, *HER_TOUCHES))
    home.run()
    after = home.customers()
    assert set(after) == set(before) == {"j1", "j2", "t1"}
    assert not set(after.values()) & set(before.values())
    with pytest.raises(privacy.Nobody):
        erase(home, ("user_id", "u_maya_1"))


def test_a_key_of_the_environment_is_changed_there(home: SmallHome, monkeypatch: pytest.MonkeyPatch) -> None:
    home.run()
    key = home.settings.pseudonym_file.read_bytes()
    monkeypatch.setenv("JOURNEY_PSEUDONYM_KEY", "a key of the environment")
    with pytest.raises(SettingsError, match="change it there"):
        pseudonyms.rotate_key(SmallHome(home.folder).settings)
    assert home.settings.pseudonym_file.read_bytes() == key
