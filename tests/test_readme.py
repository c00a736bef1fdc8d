"""What the README shows runs as it stands."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_readmes_code_names_abnormal_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "readme.py"
    script.write_text(code, encoding="utf-8")
    names = runpy.run_path(str(script))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == names["labels"].sum() >= 1
    faulty = names["new"].labels != "good"
    assert names["labels"][~faulty].mean() <= 0.1 < names["labels"][faulty].mean()
    assert all(
        re.match(r"run F-\d+: score \S+ \(threshold \S+\); worst in .* h: ", x) for x in lines
    )


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert links and not [link for link in links if not (ROOT / link).exists()]
