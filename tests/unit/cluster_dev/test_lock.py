"""Two calls at once do not harm each other."""

import multiprocessing
import time
from pathlib import Path

from embedded import atomic, lock


def _hold(path: str, log: str) -> None:
    with lock.exclusive(Path(path), "testing"):
        with Path(log).open("a") as out:
            out.write("in ")
        time.sleep(0.2)
        with Path(log).open("a") as out:
            out.write("out ")


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    arguments = (str(tmp_path / "l"), str(tmp_path / "log"))
    both = [spawn.Process(target=_hold, args=arguments) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert (tmp_path / "log").read_text() == "in out in out "


def test_a_lock_file_that_lies_around_locks_nothing(tmp_path: Path) -> None:
    (tmp_path / "l").write_text("bringing the cluster up (pid 1)")
    with lock.exclusive(tmp_path / "l", "testing"):
        assert "testing" in (tmp_path / "l").read_text()


def test_a_written_file_has_its_mode_and_leaves_no_other_behind(tmp_path: Path) -> None:
    atomic.write(tmp_path / "d/key", "secret", 0o600)
    assert (tmp_path / "d/key").stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in (tmp_path / "d").iterdir()] == ["key"]
