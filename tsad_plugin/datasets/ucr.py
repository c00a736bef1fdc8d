"""Sets of the UCR and UEA archives: `.ts`, `.tsv` and `.txt` files, and tslearn's loader."""

from __future__ import annotations

import warnings
from itertools import product
from pathlib import Path
from typing import Any, Literal

from tsad_plugin.datasets._archive import FORMATS, classes
from tsad_plugin.datasets._files import PathLike, naming, read_lines
from tsad_plugin.forms import as_float, without_padding
from tsad_plugin.runs import Runs
from tsad_plugin.sources import ending


def read_ucr(path: PathLike) -> Runs:
    r"""Read one file of the UCR or UEA archive of time series.

    Parameters
    ----------
    path : path
        A file `.ts` (sktime's and aeon's format: univariate or multivariate, of equal or unequal
        length, `?` where a value is missing) or `.tsv` or `.txt` (the UCR archive of 2018: one run
        a line, its class first; separated by tabs, commas or blanks); also with `.gz`.

    Returns
    -------
    Runs
        One run a line, in the order of the file, with ids 0, 1, 2 …, its class as label: integers
        where all are whole numbers, else text; with `@targetLabel` the target as a float. No
        labels where a `.ts` file has none.

    Raises
    ------
    ValueError
        If the file cannot be read or its name has another ending; if a line has other fields than
        the first or than its header says, holds text, or ends in a class that the header does not
        name; if the channels of a run differ in length; if a `.ts` file has times for its values;
        or for any reason given at `Runs`.

    See Also
    --------
    load_ucr : a set by its name.

    Notes
    -----
    In a `.tsv` or `.txt` file NaN at the end of a line is padding, and is cut. A `.ts` file gives
    each run its own length, so a `?` at the end is a missing value there and stays NaN.

    The sets are at https://www.timeseriesclassification.com (`.ts`) and at
    https://www.cs.ucr.edu/~eamonn/time_series_data_2018 (`.tsv`). Please cite H. A. Dau et al.,
    The UCR time series archive, IEEE/CAA Journal of Automatica Sinica 6(6), 2019, or A. Bagnall et
    al., The UEA multivariate time series classification archive, arXiv:1811.00075, 2018, and the
    givers of the set.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "Toy_TRAIN.tsv"
    >>> _ = path.write_text("1\t0.5\t0.7\tNaN\n2\t0.1\t0.2\t0.3\n")
    >>> read_ucr(path)
    Runs(2 runs of 2 to 3 timesteps; channels channel_0; ids 0 … 1; labels 1 (1), 2 (1))
    """
    kind = ending(Path(path))
    if kind not in FORMATS:
        raise ValueError(
            f"cannot read {str(path)!r}: pass a file {', '.join(FORMATS)} (also with .gz); for a "
            "set by its name there is load_ucr"
        )
    lines = read_lines(path)
    with naming(path):
        arrays, labels = FORMATS[kind](lines)
        return Runs(arrays, labels=labels)


def load_ucr(
    name: str, split: Literal["train", "test"] = "train", folder: PathLike | None = None
) -> Runs:
    r"""Load a set of the UCR or UEA archive by its name.

    Parameters
    ----------
    name : str
        Name of the set, as the archive spells it: `"ECG5000"`.
    split : {"train", "test"}, default "train"
        Which of its two parts.
    folder : path, optional
        Folder of an unpacked archive, or of the set. `<name>_TRAIN` or `<name>_TEST` is looked for
        there and in its subfolder `<name>`, as `.ts`, `.tsv` or `.txt`, also with `.gz`.
        Default: tslearn's own loader, which downloads the set and keeps it.

    Returns
    -------
    Runs
        As `read_ucr` gives them.

    Raises
    ------
    ValueError
        If there is no such split, no such file in `folder`, or tslearn cannot load the set.

    Notes
    -----
    With a `folder` no network is used. Without one `tslearn.datasets.UCR_UEA_datasets` is asked:
    it needs the network, even for a set it has kept, and keeps sets in the folder `~/.tslearn` or
    in that of the variable `XDG_DATA_HOME`. Origin and citation: see `read_ucr`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> _ = (folder / "Toy_TEST.txt").write_text("1 0.5 0.7\n2 0.1 0.2\n")
    >>> load_ucr("Toy", split="test", folder=folder).labels
    array([1, 2])
    """
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    if folder is not None:
        return read_ucr(_find(name, split, Path(folder)))
    arrays, labels = _from_tslearn(name, split)
    with naming(f"{name}, {split}"):
        return Runs(without_padding(as_float(arrays, name)), labels=classes(list(map(str, labels))))


def _find(name: str, split: str, folder: Path) -> Path:
    stem = f"{name}_{split.upper()}"
    names = [stem + kind + packed for kind, packed in product(FORMATS, ("", ".gz"))]
    paths = [place / file for place in (folder, folder / name) for file in names]
    found = [path for path in paths if path.is_file()]
    if not found:
        raise ValueError(
            f"no {stem}{{{','.join(FORMATS)}}} in {str(folder)!r} or in its folder {name!r}: check "
            "the name (capital letters count) and the folder"
        )
    return found[0]


def _from_tslearn(name: str, split: str) -> tuple[Any, Any]:
    from tslearn.datasets import UCR_UEA_datasets  # only here: it takes a second

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loaded = UCR_UEA_datasets().load_dataset(name)
    arrays, labels = loaded[:2] if split == "train" else loaded[2:]
    if arrays is None:
        reasons = "; ".join(str(warning.message) for warning in caught) or "it gave no reason"
        raise ValueError(
            f"tslearn cannot load the set {name!r} ({reasons}): check the name and the network, or "
            "pass folder= for files that you have"
        )
    return arrays, labels
