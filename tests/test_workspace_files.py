"""Folders and database of a workspace: what is foreign, damaged, old, new or left by a crash."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection
from workspaces import band, batches, check_whole, error, filled, same_runs, scored, walks

from tsad_plugin import FCAutoEncoder
from tsad_plugin.workspace import Busy, Damaged, Workspace, database, folders
from tsad_plugin.workspace.tables import METADATA

# Tables as version 1 has them. Those of a later version come from an upgrade: add to it what
# changes, and leave this.
VERSION_1 = {
    "data_set": "id name n_runs n_timesteps_total channels units time_unit has_labels has_times "
    "digest folder created",
    "run": "id name digest",
    "data_set_run": "data_set_id position run_id",
    "model": "id detector parameters data_set_id folder digest n_training created",
    "scoring": "id model_id data_set_id folder n_outliers has_timesteps threshold created",
    "verdict": "id run_id verdict cause comment who at supersedes restores",
    "threshold": "id model_id value origin who at supersedes",
    "reference_set": "id data_set_id runs who at",
}


def contents(folder: Path) -> dict[str, bytes | None]:
    """All that lies in a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


# --- opening ------------------------------------------------------------------------------------


def test_a_workspace_is_made_where_there_is_none(tmp_path: Path) -> None:
    with Workspace(tmp_path / "deep" / "w", create=True) as workspace:
        assert workspace.path == tmp_path / "deep" / "w"
    Workspace(str(tmp_path / "deep" / "w")).close()
    assert [path.name for path in (tmp_path / "deep" / "w").iterdir()] == ["workspace.db"]


def test_an_empty_folder_becomes_a_workspace(tmp_path: Path) -> None:
    Workspace(tmp_path, create=True).close()
    Workspace(tmp_path, create=True).close()


@pytest.mark.parametrize("make", [False, True])
def test_where_there_is_none_it_says_how_to_make_one(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "w"
    if make:
        folder.mkdir()
    with error(f"no workspace at {str(folder)!r}: make one with tsad fit FILE --workspace DIR"):
        Workspace(folder)
    assert folder.exists() == make and contents(tmp_path) == ({"w": None} if make else {})


@pytest.mark.parametrize("create", [False, True])
def test_a_folder_of_other_things_is_left_alone(tmp_path: Path, create: bool) -> None:
    (tmp_path / "photo.jpg").write_text("x")
    with error(f"{str(tmp_path)!r} holds other things and no workspace.db: pass the folder of a"):
        Workspace(tmp_path, create=create)
    assert contents(tmp_path) == {"photo.jpg": b"x"}


@pytest.mark.parametrize("path", ["file", "file/w"])
@pytest.mark.parametrize("create", [False, True])
def test_a_file_is_no_folder(tmp_path: Path, path: str, create: bool) -> None:
    (tmp_path / "file").write_text("x")
    with error(f"{str(tmp_path / 'file')!r} is a file: pass a folder for the workspace"):
        Workspace(tmp_path / path, create=create)
    assert contents(tmp_path) == {"file": b"x"}


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "workspace.db")
    other.execute("CREATE TABLE photos (id)")
    other.close()
    before = contents(tmp_path)
    with error(f"{str(tmp_path / 'workspace.db')!r} is the database of something else"):
        Workspace(tmp_path, create=True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("at", [0, 20, 4096, 8192])
@pytest.mark.parametrize("create", [False, True])
def test_a_damaged_database_is_left_alone(tmp_path: Path, at: int, create: bool) -> None:
    filled(tmp_path)[0].close()
    path = tmp_path / "workspace.db"
    content = bytearray(path.read_bytes())
    content[at : at + 2000] = b"damage! " * 250
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"workspace\.db' (is|has|cannot)"):
        Workspace(tmp_path, create=create)
    assert path.read_bytes() == content
    found = {path.name for path in tmp_path.iterdir()}
    assert found >= {"workspace.db", "data_sets", "models", "scorings"}


def test_a_kill_while_it_is_made_is_made_good(tmp_path: Path) -> None:
    (tmp_path / "workspace.db").touch()
    filled(tmp_path)[0].close()


def test_the_database_lets_readers_not_wait(tmp_path: Path) -> None:
    workspace, data_set, *_ = filled(tmp_path)
    with workspace._store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM verdict")
        started = time.monotonic()
        assert workspace.data_sets() == [data_set] and workspace.is_alive()
        assert time.monotonic() - started < 5
    workspace.close()


def test_a_database_that_is_gone_is_not_alive(tmp_path: Path) -> None:
    workspace, *_ = filled(tmp_path / "w")
    assert workspace.is_alive()
    workspace.close()
    shutil.rmtree(tmp_path / "w")
    assert not workspace.is_alive() and not (tmp_path / "w").exists()
    with error(f"{str(tmp_path / 'w' / 'workspace.db')!r} was removed or replaced", Damaged):
        workspace.data_sets()


def test_nothing_is_decided_in_a_database_that_was_replaced(tmp_path: Path) -> None:
    workspace, data_set, *_ = filled(tmp_path / "w")
    shutil.copytree(tmp_path / "w", tmp_path / "copy")
    shutil.rmtree(tmp_path / "w")
    shutil.copytree(tmp_path / "copy", tmp_path / "w")
    with workspace, error(f"{str(tmp_path / 'w' / 'workspace.db')!r} was removed", Damaged):
        workspace.review.judge(data_set, "F-001", "fault", who="Ada")
    with Workspace(tmp_path / "w") as again:
        assert again.review.verdicts(data_set) == {} and again.is_alive()


def test_an_empty_database_beside_folders_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    filled(tmp_path)[0].close()
    for file in tmp_path.glob("workspace.db*"):
        file.write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    with error(f"{str(tmp_path / 'workspace.db')!r} is empty, and the folder is not", Damaged):
        Workspace(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_an_older_database_does_not_name_is_moved_aside(tmp_path: Path) -> None:
    with Workspace(tmp_path, create=True) as workspace:
        older = workspace.path / "older.db"
    shutil.copy(tmp_path / "workspace.db", older)
    with filled(tmp_path)[0] as workspace:
        held = {p.name for p in tmp_path.glob("*/*") if p.is_dir()}
    for file in tmp_path.glob("workspace.db*"):
        file.unlink()
    older.rename(tmp_path / "workspace.db")
    for path in tmp_path.rglob("*"):
        os.utime(path, (0, 0))
    with Workspace(tmp_path) as workspace:
        assert workspace.data_sets() == []
    assert {p.name for p in (tmp_path / "leftovers").glob("*/*")} == held and len(held) == 3


def test_another_program_that_holds_the_database_is_told(tmp_path: Path) -> None:
    first, data_set, *_ = filled(tmp_path)
    told = f"{str(tmp_path / 'workspace.db')!r} cannot"
    with first, Workspace(tmp_path, patience=0.1) as hurried:
        with first._store.database.writing(), error(told, Busy):
            hurried.review.judge(data_set, "F-001", "fault", who="Ada")
        hurried.review.judge(data_set, "F-001", "fault", who="Ada")


# --- versions -----------------------------------------------------------------------------------


def test_tables_change_by_an_upgrade_alone() -> None:
    assert len(database.UPGRADES) == 1
    found = {table.name: " ".join(table.c.keys()) for table in METADATA.sorted_tables}
    assert found == VERSION_1


def version(folder: Path) -> int:
    connection = sqlite3.connect(folder / "workspace.db")
    [number] = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return number


def columns(path: Path, table: str) -> list[str]:
    connection = sqlite3.connect(path)
    found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    connection.close()
    return found


def upgrading(monkeypatch: pytest.MonkeyPatch, *upgrades: Callable[[Connection], Any]) -> None:
    monkeypatch.setattr(database, "UPGRADES", (*database.UPGRADES, *upgrades))


def add_a_column(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE scoring ADD COLUMN colour TEXT")
    connection.exec_driver_sql("UPDATE scoring SET colour = 'red'")


def add_a_table(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE alert (colour TEXT)")
    connection.exec_driver_sql("INSERT INTO alert SELECT colour FROM scoring")


def test_an_older_workspace_is_copied_and_brought_to_the_newest_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, data_set, _, scoring = filled(tmp_path)
    given = workspace.review.judge(data_set, "F-001", "fault", who="Ada")
    workspace.close()
    with monkeypatch.context() as patch:
        upgrading(patch, add_a_column, add_a_table)
        with Workspace(tmp_path) as upgraded:
            assert upgraded.review.verdicts(data_set) == {"F-001": given}
            check_whole(upgraded, scoring)
    assert version(tmp_path) == 3 and "colour" in columns(tmp_path / "workspace.db", "scoring")
    assert columns(tmp_path / "workspace.db", "alert") == ["colour"]
    backup = tmp_path / "workspace.db.1.backup"
    assert "colour" not in columns(backup, "scoring")
    with error(f"{str(tmp_path / 'workspace.db')!r} has version 3, this tsad_plugin reads up to 1"):
        Workspace(tmp_path, create=True)
    assert version(tmp_path) == 3
    os.replace(backup, tmp_path / "workspace.db")  # the way back
    with Workspace(tmp_path) as again:
        assert again.review.verdicts(data_set) == {"F-001": given}


def test_a_new_workspace_has_the_newest_version_and_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrading(monkeypatch, add_a_column)
    Workspace(tmp_path, create=True).close()
    assert version(tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["workspace.db"]


def test_an_upgrade_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: Connection) -> None:
        raise RuntimeError("no")

    workspace, *_, scoring = filled(tmp_path)
    workspace.close()
    with monkeypatch.context() as patch:
        upgrading(patch, add_a_column, add_a_table, fail)
        with pytest.raises(RuntimeError, match="no"):
            Workspace(tmp_path)
    assert version(tmp_path) == 1
    assert "colour" not in columns(tmp_path / "workspace.db", "scoring")
    assert columns(tmp_path / "workspace.db", "alert") == []
    with Workspace(tmp_path) as again:
        check_whole(again, scoring)


# --- damaged and missing files ------------------------------------------------------------------

PARTS = {
    "data_sets/*/values.parquet": lambda w: w.read_runs(w.data_sets()[0]),
    "data_sets/*/runs.parquet": lambda w: w.read_runs(w.data_sets()[0]),
    "models/*/model.json": lambda w: w.load_model(w.models()[0]),
    "models/*/*.safetensors": lambda w: w.load_model(w.models()[0]),
    "scorings/*/scores.parquet": lambda w: w.read_scores(w.scorings()[0]),
    "scorings/*/timesteps.parquet": lambda w: w.read_timesteps(w.scorings()[0], 3),
    "scorings/*/calibration.parquet": lambda w: w.read_calibration(w.scorings()[0]),
}


def delete(path: Path) -> None:
    path.unlink()


def delete_the_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def change_a_number(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60] ^= 1  # behind the head of the first page
    path.write_bytes(content)


def replace(path: Path) -> None:
    path.write_text("<html>something else</html>")


@pytest.mark.parametrize("harm", [delete, delete_the_folder, empty, cut, change_a_number, replace])
@pytest.mark.parametrize("part", PARTS)
def test_what_is_missing_or_damaged_is_named_and_the_rest_works(
    tmp_path: Path, part: str, harm: Callable[[Path], None]
) -> None:
    workspace, data_set, model, scoring = filled(tmp_path)
    [path] = tmp_path.glob(part)
    harm(path)
    with pytest.raises(Damaged, match=path.parent.name):
        PARTS[part](workspace)
    workspace.close()
    with Workspace(tmp_path) as again:
        assert again.data_sets() == [data_set] and again.models() == [model]
        assert again.scorings() == [scoring]
        for other, read in PARTS.items():
            if other.split("/")[0] != part.split("/")[0]:
                read(again)


def test_whatever_bit_changes_nothing_but_damage_is_raised(tmp_path: Path) -> None:
    workspace, *_ = filled(tmp_path)
    rng = np.random.default_rng(0)
    for part, read in PARTS.items():
        [path] = tmp_path.glob(part)
        whole, n_damaged = path.read_bytes(), 0
        for _ in range(40):
            content = bytearray(whole)
            content[rng.integers(len(content))] ^= 1 << rng.integers(8)
            path.write_bytes(content)
            try:
                read(workspace)
            except Damaged:
                n_damaged += 1
        path.write_bytes(whole)
        assert n_damaged > 10
    workspace.close()


def test_another_model_in_the_folder_is_told(tmp_path: Path) -> None:
    workspace, _, model, _ = filled(tmp_path)
    other = workspace.add_model(band().with_threshold(0.1))
    mine, theirs = (tmp_path / "models" / str(m.folder) for m in (model, other))
    shutil.rmtree(mine)
    shutil.copytree(theirs, mine)
    with error(f"the model in {str(mine)!r} cannot be loaded (model.json is another", Damaged):
        workspace.load_model(model)
    workspace.close()


@pytest.mark.parametrize("harm", [delete, delete_the_folder])
def test_runs_that_were_deleted_come_back_when_they_are_added_again(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    workspace, data_set, *_ = filled(tmp_path)
    [path] = tmp_path.glob("data_sets/*/values.parquet")
    harm(path)
    assert workspace.add_runs(batches(), "again") == data_set
    same_runs(workspace.read_runs(data_set), batches())
    assert len(list((tmp_path / "data_sets").iterdir())) == 1
    workspace.close()


def test_a_model_that_was_deleted_comes_back_when_it_is_added_again(tmp_path: Path) -> None:
    workspace, _, model, _ = filled(tmp_path)
    [path] = tmp_path.glob("models/*/*.safetensors")
    path.unlink()
    assert workspace.add_model(band()) == model
    assert (workspace.load_model(model).decision_function(batches()) == scored().scores).all()
    workspace.close()


# --- what crashes leave -------------------------------------------------------------------------


def age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (then, then))


def leave(tmp_path: Path, kind: str) -> list[Path]:
    """A folder that was being written, and one that was written but never got its row."""
    left = [tmp_path / kind / f".{'a' * 32}.part", tmp_path / kind / ("b" * 32)]
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "scores.parquet").write_text("half")
    return left


@pytest.mark.parametrize("kind", ["data_sets", "models", "scorings"])
def test_what_a_kill_left_is_invisible_and_removed_after_an_hour(tmp_path: Path, kind: str) -> None:
    workspace, data_set, model, scoring = filled(tmp_path)
    workspace.close()
    left = leave(tmp_path, kind)
    age(tmp_path, 3500)
    with Workspace(tmp_path) as again:
        assert again.data_sets() == [data_set] and again.scorings() == [scoring]
    assert all(folder.exists() for folder in left)
    age(tmp_path, 3700)
    with Workspace(tmp_path) as again:
        assert not any(folder.exists() for folder in left)
        assert again.models() == [model]
        check_whole(again, again.scorings()[0])
        same_runs(again.read_runs(data_set), batches())
        again.load_model(model)


def test_what_is_still_written_is_not_removed(tmp_path: Path) -> None:
    filled(tmp_path)[0].close()
    left = leave(tmp_path, "scorings")
    age(tmp_path, 3700)
    for folder in left:
        (folder / "timesteps.parquet").write_text("just now")
        age(folder / "scores.parquet", 3700)
        os.utime(folder, (0, 0))
    Workspace(tmp_path).close()
    assert all(folder.exists() for folder in left)


def test_what_is_not_ours_is_not_removed(tmp_path: Path) -> None:
    filled(tmp_path)[0].close()
    theirs = [
        tmp_path / "scorings" / "notes.txt",
        tmp_path / "models" / "mine",
        tmp_path / "x.part",
    ]
    theirs[0].write_text("x")
    theirs[1].mkdir()
    theirs[2].mkdir()
    age(tmp_path, 10**6)
    Workspace(tmp_path).close()
    assert all(path.exists() for path in theirs)


def test_an_error_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, data_set, model, scoring = filled(tmp_path)
    before = contents(tmp_path / "scorings")

    def fail(path: Path) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(folders, "_sync", fail)
    with pytest.raises(OSError, match="No space"):
        workspace.add_scoring(scored(), model, data_set)
    assert workspace.scorings() == [scoring] and contents(tmp_path / "scorings") == before
    workspace.close()


def test_all_is_on_the_disk_before_a_row_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path, create=True)
    synced: list[str] = []
    original = folders._sync

    def noting(path: Path) -> None:
        assert workspace.data_sets() == []
        synced.append(path.name)
        original(path)

    monkeypatch.setattr(folders, "_sync", noting)
    workspace.add_runs(walks(), "runs")
    assert sorted(synced[:2]) == ["runs.parquet", "values.parquet"]
    assert synced[2].endswith(".part") and synced[3:] == ["data_sets"]
    workspace.close()


def test_a_network_is_kept_too(tmp_path: Path) -> None:
    detector = FCAutoEncoder(n_epochs=1, hidden_dims=(4,), latent_dim=2).fit(batches())
    with Workspace(tmp_path, create=True) as workspace:
        loaded = workspace.load_model(workspace.add_model(detector))
    found = loaded.decision_function(batches())
    np.testing.assert_array_equal(found, detector.decision_function(batches()))
