"""Which module may know which, what an import loads, and what there is one of."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import tsad_plugin

ROOT = Path(__file__).parents[1]

# A module knows those on the lines above its own, and none on its own line or below.
LAYERS = [
    ["text", "files"],
    ["forms", "sources"],
    ["runs"],
    ["inputs"],
    ["tables"],
    ["steps", "layers", "resampling", "moments", "whitening"],
    ["networks", "folds"],
    ["preprocessing", "scoring", "explanation", "thresholds"],
    ["batches"],
    ["training"],
    ["calibration", "rules"],
    ["parameters"],
    ["learner", "contract"],
    ["base"],
    ["reconstruction"],
    ["autoencoder", "baselines", "pca"],
    ["detectors"],
    ["adapters", "matrices", "tuning"],
    ["windows"],
    ["encoding", "knowledge"],
    ["persistence"],
    ["datasets", "figures", "results", "population"],
    ["streaming", "html_report"],
    ["evaluation"],
    ["workspace"],
    ["__init__"],
    ["cli"],
    ["__main__"],
]
DASHBOARD_LAYERS = [
    ["answers", "memory"],
    ["state", "serving"],
    ["views"],
    ["reference"],
    ["seen"],
    ["selection", "wording", "drawing"],
    ["listing", "exploring", "comparing", "exporting", "manual"],
    ["components"],
    ["downloads", "pages"],
    ["app"],
    ["start"],
    ["__init__"],
]
PACKAGES = {"tsad_plugin": LAYERS, "dashboard": DASHBOARD_LAYERS}
LEVEL = {
    package: {module: i for i, line in enumerate(layers) for module in line}
    for package, layers in PACKAGES.items()
}
# These know fewer than their place in the table allows.
KNOWS_ALONE: dict[str, set[str]] = {
    "datasets": {"runs", "forms", "sources", "tables"},
    "figures": set(),
}
# Where tslearn is imported, and whether in a function: nothing but loading a public set waits for
# its data sets, and `import tsad_plugin.datasets` not for tslearn.
TSLEARN = {"tsad_plugin/resampling.py": False, "tsad_plugin/datasets/ucr.py": True}
FIGURES_USE = {"numpy", "pandas", "plotly"}
EXTRAS = {"dash", "plotly", "sqlalchemy", "dask", "aeon"}


class Import(NamedTuple):
    """One imported name, and where it stands."""

    module: str  # the importing module's place in the layers
    target: str  # absolute and dotted: "tsad_plugin.runs.Runs"
    in_function: bool
    where: str


def modules(root: Path, package: str = "tsad_plugin") -> dict[Path, str]:
    """Place in the layers of every file; a subpackage has one place for all of its files."""
    folder = root / package
    paths = sorted(folder.rglob("*.py"))
    return {path: path.relative_to(folder).with_suffix("").parts[0] for path in paths}


def imports(root: Path, package: str = "tsad_plugin") -> list[Import]:
    places = modules(root, package)
    return [found for path, module in places.items() for found in _read(root, path, module)]


def _read(root: Path, path: Path, module: str) -> Iterator[Import]:
    package = path.relative_to(root).parts[:-1]
    for node, in_function in _import_nodes(ast.parse(path.read_text("utf-8"))):
        where = f"{path.relative_to(root)}:{node.lineno}"
        for target in _targets(node, package):
            yield Import(module, target, in_function, where)


def _import_nodes(
    node: ast.AST, in_function: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, in_function
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from _import_nodes(child, in_function or is_function)


def _targets(node: ast.Import | ast.ImportFrom, package: tuple[str, ...]) -> list[str]:
    """Absolute names that an import asks for; `package` is the folder it stands in."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    start = package[: len(package) + 1 - node.level] if node.level else ()
    source = [*start, *([node.module] if node.module else [])]
    return [".".join([*source, alias.name]) for alias in node.names]


def layering_errors(root: Path, package: str = "tsad_plugin") -> list[str]:
    level = LEVEL[package]
    unplaced = sorted(set(modules(root, package).values()) - level.keys())
    if unplaced:
        return [f"{module}: has no place in the layers yet, give it one" for module in unplaced]
    inner = [found for found in imports(root, package) if found.target.split(".")[0] == package]
    pairs = [(found, _place(found.target, level)) for found in inner]
    errors = [
        f"{found.where}: {found.module} must not know {place}"
        for found, place in pairs
        if place != found.module and not _may_know(found.module, place, level)
    ]
    return list(dict.fromkeys(errors))  # one a line, however many names it imports


def _place(target: str, level: dict[str, int]) -> str:
    """A name that is no module is one of the package's own: it comes from `__init__`."""
    name = target.split(".")[1] if "." in target else "__init__"
    return name if name in level else "__init__"


def _may_know(module: str, other: str, level: dict[str, int]) -> bool:
    return level[other] < level[module] and other in KNOWS_ALONE.get(module, level.keys())


def dashboard_errors(root: Path) -> list[str]:
    return [
        f"{found.where}: only a function of cli may import dashboard"
        for found in imports(root)
        if found.target.split(".")[0] == "dashboard"
        and not (found.module == "cli" and found.in_function)
    ]


def drawing_errors(root: Path) -> list[str]:
    """The dashboard draws with the figures of the library, and touches files by the workspace."""
    barred = {"plotly.subplots", "plotly.express", "matplotlib", "sqlalchemy", "pyarrow", "pickle"}
    return [
        f"{path.relative_to(root)}: the dashboard must not know {name}"
        for path in sorted((root / "dashboard").rglob("*.py"))
        for node, _ in _import_nodes(ast.parse(path.read_text("utf-8")))
        for target in _targets(node, path.relative_to(root).parts[:-1])
        for name in barred
        if target == name or target.startswith(f"{name}.")
    ]


def figures_errors(root: Path) -> list[str]:
    allowed = FIGURES_USE | {"tsad_plugin"} | sys.stdlib_module_names
    return [
        f"{found.where}: figures know {', '.join(sorted(FIGURES_USE))} alone"
        for found in imports(root)
        if found.module == "figures" and found.target.split(".")[0] not in allowed
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    assert layering_errors(ROOT, package) == []


def test_dashboard_is_imported_by_a_command_alone() -> None:
    assert dashboard_errors(ROOT) == []


def test_the_dashboard_draws_with_figures_and_asks_the_workspace() -> None:
    assert drawing_errors(ROOT) == []


def test_figures_know_numpy_pandas_and_plotly_alone() -> None:
    assert figures_errors(ROOT) == []


def test_tslearn_is_imported_by_resampling_and_the_loader_of_public_sets_alone() -> None:
    found = [found for found in imports(ROOT) if found.target.split(".")[0] == "tslearn"]
    assert {f.where.partition(":")[0]: f.in_function for f in found} == TSLEARN


def test_datasets_load_neither_tslearn_nor_torch() -> None:
    assert loaded_by("import tsad_plugin.datasets", {"torch", "tslearn", "pyod"}) == ""


def test_there_is_one_training_loop() -> None:
    loops = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules(ROOT)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.For) and ast.unparse(node.target) == "epoch"
    ]
    assert len(loops) == 1, loops


def test_no_file_is_longer_than_300_lines() -> None:
    paths = [path for package in PACKAGES for path in modules(ROOT, package)]
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in paths}
    assert {str(path): length for path, length in lengths.items() if length > 300} == {}


def test_import_is_silent_and_loads_no_extra() -> None:
    assert loaded_by("from tsad_plugin import *", EXTRAS) == ""


def test_the_command_line_starts_without_what_is_slow_to_load() -> None:
    assert loaded_by("import tsad_plugin.cli", {"numpy", "pandas", "pyod", "torch"}) == ""


def loaded_by(statement: str, modules: set[str]) -> str:
    """Which of these modules a statement has loaded; it must not print or warn."""
    code = f"import sys\n{statement}\nsys.exit(' '.join(sys.modules.keys() & {modules}) or 0)"
    strict = ["-W", "error::DeprecationWarning:tsad_plugin"]
    done = subprocess.run(
        [sys.executable, *strict, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    return done.stderr


def test_every_public_name_is_there_when_it_is_asked_for() -> None:
    assert set(tsad_plugin._HOMES) == set(tsad_plugin.__all__) <= set(dir(tsad_plugin))
    assert all(hasattr(tsad_plugin, name) for name in tsad_plugin.__all__)
    with pytest.raises(AttributeError, match="module 'tsad_plugin' has no attribute 'Run'"):
        tsad_plugin.Run  # noqa: B018


@pytest.mark.parametrize(
    ("path", "line", "error"),
    [
        ("runs.py", "from .base import Base", "runs must not know base"),
        ("runs.py", "from . import base", "runs must not know base"),
        ("runs.py", "import tsad_plugin.base", "runs must not know base"),
        ("runs.py", "from tsad_plugin import base", "runs must not know base"),
        ("runs.py", "def f():\n    from tsad_plugin.base import Base", "runs must not know base"),
        ("scoring.py", "from .training import a, b", "scoring must not know training"),
        ("base.py", "from tsad_plugin import Runs", "base must not know __init__"),
        ("datasets/faults.py", "from ..base import Base", "datasets must not know base"),
        ("datasets/ucr.py", "from ..resampling import f", "datasets must not know resampling"),
        ("figures/bands.py", "from ..runs import Runs", "figures must not know runs"),
        ("odds.py", "", "odds: has no place in the layers yet, give it one"),
        ("cli.py", "import dashboard", "only a function of cli may import dashboard"),
        ("html_report.py", "def f():\n    import dashboard", "only a function of cli may"),
        ("figures/bands.py", "import torch", "figures know numpy, pandas, plotly alone"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, path: str, line: str, error: str) -> None:
    [found] = errors_of(tmp_path, path, line)
    assert error in found


def test_a_wrong_import_in_the_dashboard_is_found_too(tmp_path: Path) -> None:
    folder = tmp_path / "dashboard"
    folder.mkdir()
    (folder / "pages.py").write_text("from .seen import Seen", "utf-8")
    (folder / "seen.py").write_text("from dashboard import pages", "utf-8")
    [error] = layering_errors(tmp_path, "dashboard")
    assert error == "dashboard/seen.py:1: seen must not know pages"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("base.py", "from .runs import Runs"),
        ("base.py", "from tsad_plugin import runs\nimport tsad_plugin.networks"),
        ("preprocessing.py", "from .steps import Despike"),
        ("datasets/__init__.py", "from .faults import spike\nfrom ..runs import Runs"),
        ("datasets/faults.py", "from tsad_plugin.datasets import simulator"),
        ("datasets/batches.py", "from ..tables import read_runs\nfrom ..forms import plural"),
        ("figures/bands.py", "from . import colours\nimport plotly.graph_objects\nimport math"),
        ("cli.py", "from tsad_plugin import FCVAE\ndef f():\n    from dashboard import app"),
    ],
)
def test_a_right_import_passes(tmp_path: Path, path: str, line: str) -> None:
    assert errors_of(tmp_path, path, line) == []


def errors_of(root: Path, path: str, text: str) -> list[str]:
    """Errors of a package of empty modules but for one file of this text."""
    package = root / "tsad_plugin"
    for module in LEVEL["tsad_plugin"]:
        folder = module in {"datasets", "figures"}
        empty = package / (f"{module}/__init__.py" if folder else f"{module}.py")
        empty.parent.mkdir(parents=True, exist_ok=True)
        empty.touch()
    (package / path).write_text(text, "utf-8")
    return layering_errors(root) + dashboard_errors(root) + figures_errors(root)
