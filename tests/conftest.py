"""What all tests share: the data folder, and the markers that ask for it, a browser or a GPU."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before torch is imported: small networks wait longer for their threads than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

# Files side by side: one that takes minutes, begun among the last, would go on alone at the end.
LONGEST = (
    "test_examples", "test_dashboard_workbench", "test_long_benchmarks", "test_workspace_kills",
    "test_docs", "test_dashboard_browser", "test_population_browser", "test_latent_browser",
)  # fmt: skip

DATA = Path(os.environ.get("TSAD_DATA") or Path(__file__).parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data; for tests marked `realdata`."""
    return DATA


@pytest.fixture
def here(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of the folder that a file of tests has made once."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace to review; for copies, as others use it, too."""
    from reviewing import fill  # only where a test asks for it: it takes seconds

    folder = tmp_path_factory.mktemp("filled") / "ws"
    fill(folder, labels=True).close()
    return folder


@pytest.fixture(scope="session")
def compared(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, scored by a second model, too; for copies, or for those who only look."""
    from reviewing import score_again

    folder = tmp_path_factory.mktemp("compared") / "ws"
    score_again(shutil.copytree(filled, folder))
    return folder


@pytest.fixture
def workspace(filled: Path, tmp_path: Path) -> Iterator[Any]:
    """A workspace of the test's own."""
    from tsad_plugin.workspace import Workspace

    with Workspace(shutil.copytree(filled, tmp_path / "ws")) as copied:
        yield copied


@pytest.fixture
def views(workspace: Any) -> Any:
    """What pages show of that workspace."""
    from dashboard.views import Views

    return Views(workspace)


@pytest.fixture
def browser(workspace: Any) -> Any:
    """What calls callbacks on that workspace, without a browser."""
    from callbacks import Browser

    return Browser(workspace.path)


@pytest.fixture(scope="module")  # Playwright's loop must have ended where another test has its own
def chromium() -> Iterator[Any]:
    """A browser."""
    import dashboards

    with dashboards.chromium() as browser:
        yield browser


@pytest.fixture
def visitor(chromium: Any, filled: Path, tmp_path: Path) -> Iterator[Any]:
    """Somebody who looks at a workspace of the test's own."""
    from dashboards import visiting

    with visiting(chromium, shutil.copytree(filled, tmp_path / "ws")) as somebody:
        yield somebody


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONGEST)


def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = pytest.fail if os.environ.get("TSAD_REQUIRE_DATA") else pytest.skip
    if item.get_closest_marker("realdata") and not DATA.is_dir():
        missing(f"there is no data folder '{DATA}': set TSAD_DATA to its absolute path")
    if item.get_closest_marker("browser") and shutil.which("chromium") is None:
        missing("there is no chromium on the path: install it, with Debian apt install chromium")
    if item.get_closest_marker("gpu") and not _has_cuda():
        pytest.skip("there is no CUDA device")


def _has_cuda() -> bool:
    import torch  # only where a test asks for it: it takes seconds

    return torch.cuda.is_available()
