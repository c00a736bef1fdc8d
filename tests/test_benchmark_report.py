"""The report on a comparison: what it says, in HTML and Markdown, and that names are harmless."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import markdown as python_markdown
import numpy as np
import pandas as pd
import pytest
from comparisons import NAN, TABLE, results_of
from html_pages import OVERFLOW, SVG_COUNTS, WIDTHS, Page, opened

from tsad_plugin import html_report
from tsad_plugin.evaluation import pairwise, summary, write_report
from tsad_plugin.evaluation.comparison import Comparison, joined, p_text

EVIL = "</script><script>alert('id')</script><img src=x onerror=alert(1)> | a\n|b & \"c\" `*_[x](y)"


def table_of(n_sets: int, *means: float) -> pd.DataFrame:
    """Detectors A, B, …, of which the first is the best on every set where means say so."""
    rng = np.random.default_rng(0)
    values = np.array(means) + 0.01 * rng.normal(size=(n_sets, len(means)))
    names = list("ABCDEFGHIJ")[: len(means)]
    return pd.DataFrame(values, index=[f"s{i}" for i in range(n_sets)], columns=names)


def headline(table: pd.DataFrame) -> str:
    return Comparison("semi-supervised", results_of(table)).headline()


def remarks(table: pd.DataFrame, seeds: int = 2) -> str:
    return " ".join(Comparison("semi-supervised", results_of(table, seeds)).remarks())


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[[pd.DataFrame], Page]:
    def write(results: pd.DataFrame) -> Page:
        write_report(results, tmp_path / "report.html")
        return Page(tmp_path / "report.html")

    return write


@pytest.fixture
def text_of(tmp_path: Path) -> Callable[[pd.DataFrame], str]:
    def write(results: pd.DataFrame) -> str:
        write_report(results, tmp_path / "report.md")
        return (tmp_path / "report.md").read_text("utf-8")

    return write


def rows_of(text: str, header: str) -> list[list[str]]:
    """Rows of the Markdown table whose header begins so."""
    lines = text.replace("**", "").splitlines()  # without what stands out
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {header} |"))
    rows = lines[start + 2 :]
    end = next((i for i, line in enumerate(rows) if not line.startswith("|")), len(rows))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in rows[:end]]


# -- in words --------------------------------------------------------------------------------------


def test_the_headline_says_who_is_first_and_from_whom_it_cannot_be_told() -> None:
    assert headline(table_of(12, 0.9, 0.8, 0.7)) == (
        "A ranks first of 3 detectors on 12 data sets; it differs from every other (Holm p < 0.05)"
    )
    near = table_of(13, 0.9, 0.9, 0.7)
    best, other = sorted("AB", key=lambda name: near.rank(axis=1)[name].mean(), reverse=True)
    assert headline(near) == (
        f"{best} ranks first of 3 detectors on 13 data sets; it cannot be told from {other}"
    )


def test_the_headline_of_few_sets_says_what_cannot_be_told() -> None:
    assert headline(table_of(3, 0.9, 0.8, 0.7)) == (
        "A ranks first of 3 detectors on 3 data sets; it cannot be told from any other"
    )
    assert headline(table_of(1, 0.9, 0.8)) == (
        "A ranks first of 2 detectors on 1 data set; one data set cannot tell whether that is more "
        "than chance"
    )
    assert headline(TABLE[["A", "B"]].assign(B=TABLE.A)) == (
        "A and B share the first rank of 2 detectors on 4 data sets"
    )


def test_the_headline_without_a_ranking_says_why() -> None:
    assert headline(TABLE[["A"]]) == (
        "A has a mean ROC-AUC of 0.838 on 4 data sets; none is ranked beside it"
    )
    assert headline(TABLE * NAN) == "Nothing could be measured of 3 detectors"
    assert headline(TABLE.where(np.arange(12).reshape(4, 3) % 4 > 0)) == (
        "None of 3 detectors has a number on all of 4 data sets: there is no ranking"
    )


def test_remarks_say_who_has_no_rank_and_which_set_nobody_could_do() -> None:
    table = TABLE.copy()
    table.loc["s2", "B"] = NAN
    table.loc["s3"] = NAN
    said = remarks(table)
    assert "No detector could be measured on s3." in said
    assert "B has no number on some data set, so no rank" in said
    assert "no number" not in remarks(TABLE)


def test_remarks_say_where_no_difference_could_be_found_at_all() -> None:
    # Of four sets the least p of a pair is 1/8, and there are three pairs.
    assert "With 4 data sets and 3 pairs no Holm p can be below 0.38" in remarks(TABLE)
    assert min(pairwise(results_of(table_of(4, 0.9, 0.8, 0.7))).p_holm) == 0.375
    assert "no Holm p" not in remarks(table_of(8, 0.9, 0.8, 0.7))
    assert "There is one seed" in remarks(TABLE, seeds=1)
    assert "There is one seed" not in remarks(TABLE)


def test_friedmans_test_is_told_where_there_is_something_to_test() -> None:
    assert "Friedman's test finds a difference among the detectors (p < 0.001)" in remarks(
        table_of(12, 0.9, 0.8, 0.7)
    )
    assert re.search(r"finds no difference .*\(p = 0\.\d{3}\)", remarks(table_of(4, 0.8, 0.8, 0.8)))
    assert "takes at least three detectors" in remarks(TABLE[["A", "B"]])


def test_names_are_joined_and_many_are_counted() -> None:
    assert joined(["A"]) == "A" and joined(list("ABC")) == "A, B and C"
    assert joined(list("ABCDE")) == "A, B, C, D and E"
    assert joined(list("ABCDEFG")) == "A, B, C, D and 3 others"
    assert (p_text(NAN), p_text(0.0004), p_text(0.01234)) == ("–", "< 0.001", "0.012")


# -- tables ----------------------------------------------------------------------------------------


def test_the_summary_has_the_numbers_of_summary_by_rank(text_of: Any) -> None:
    results = results_of(TABLE)
    expected = summary(results)
    rows = rows_of(text_of(results), "detector | rank | ROC-AUC")
    assert [row[0] for row in rows] == ["A", "B", "C"]
    for row in rows:
        of = expected.loc[row[0]]
        assert row[1:4] == [
            f"{of['rank']:.2f}", f"{of.roc_auc:.3f}", f"{of.low:.3f} to {of.high:.3f}"
        ]  # fmt: skip
        far = (1 - TABLE[row[0]]).mean()
        assert row[7] == f"{far:.3f}" and row[4] == "–" and row[9] == "1.50"
        assert row[-2:] == ["4 of 4", "0"]


def test_the_pairs_are_those_of_pairwise_the_surest_first(text_of: Any) -> None:
    results = results_of(table_of(12, 0.9, 0.895, 0.7))
    rows = rows_of(text_of(results), "detector | other | difference")
    pairs = pairwise(results).set_index(["a", "b"])
    assert {row[-1] for row in rows} == {"yes", "no"}
    assert [row[-1] for row in rows] == sorted([row[-1] for row in rows], reverse=True)
    for row in rows:
        pair = pairs.loc[(row[0], row[1])]
        assert row[2] == f"{pair.difference:+.3f}".replace("-", "−")
        assert row[4] == f"{pair.wins:.0f} : {pair.losses:.0f}" and row[6] == p_text(pair.p_holm)


def test_of_a_pair_the_one_of_better_rank_stands_first() -> None:
    results = results_of(table_of(12, 0.7, 0.9, 0.8))
    twice = pd.concat([results, results])  # whose index names each row twice
    for found in (Comparison("semi-supervised", rows) for rows in (results, twice)):
        assert list(found.ranks) == ["B", "C", "A"]
        assert found.pairs[["a", "b"]].to_numpy().tolist() == [["B", "C"], ["B", "A"], ["C", "A"]]
        assert (found.pairs.difference > 0).all() and (found.pairs.losses == 0).all()


def test_failures_are_grouped_and_counted(text_of: Any) -> None:
    table = TABLE.copy()
    table.loc[["s1", "s3"], "B"] = NAN
    text = text_of(results_of(table))
    assert rows_of(text, "detector | data sets | error") == [["B", "s1, s3", "ValueError: no", "4"]]
    assert ["s3", "0.700", "0.550", "failed"] in rows_of(text, "data set | A")
    assert "Failures" not in text_of(results_of(TABLE))


def test_what_could_not_be_measured_is_a_dash_and_not_a_failure(text_of: Any) -> None:
    results = results_of(TABLE)
    results.loc[results.dataset == "s1", "roc_auc"] = NAN
    assert rows_of(text_of(results), "data set | A")[0] == ["s1", "–", "–", "–"]


def test_how_it_was_made_has_seeds_sizes_and_versions(text_of: Any) -> None:
    results = results_of(TABLE).assign(n_train=30, n_outliers=5)
    results["n_test"] = 30 + results.seed
    text = text_of(results)
    assert "- **Seeds**: 0, 1\n" in text and "- **Protocol**: semi-supervised\n" in text
    assert "- **pyod**: " in text
    assert rows_of(text, "data set | runs to learn from")[0] == ["s1", "30", "30 to 31", "5", "1"]


def test_each_protocol_has_a_section(text_of: Any, page_of: Any) -> None:
    results = results_of(TABLE)
    both = pd.concat([results, results_of(TABLE[["C", "B", "A"]]).assign(protocol="unsupervised")])
    text = text_of(both)
    assert text.startswith("# 3 detectors on 4 data sets, by 2 protocols\n")
    assert re.findall(r"^## (.*)", text, re.MULTILINE)[:2] == ["Semi-supervised", "Unsupervised"]
    page = page_of(both)
    assert len(page.charts) == 6
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    linked = {a["href"].removeprefix("#") for a in page.all("a")}
    assert linked <= set(ids) and {"semi-supervised", "unsupervised"} <= linked


def test_html_and_markdown_hold_the_same_cells(page_of: Any, text_of: Any) -> None:
    results = results_of(TABLE)
    page, text = page_of(results), text_of(results)
    assert page.ranking[1:] == [" ".join(row) for row in rows_of(text, "detector | rank | ROC-AUC")]
    (title,) = page.texts_in("h1")
    assert text.startswith(f"# {title}\n")
    assert page.texts_in("title") == [f"{title} – comparison of detectors"]


# -- odd input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [TABLE[["A"]], TABLE[:1], TABLE[["A"]][:1], TABLE * NAN, TABLE.where(TABLE < 0.9)],
    ids=["one detector", "one set", "one of each", "all failed", "some failed"],
)
@pytest.mark.parametrize("seeds", [1, 2])
def test_what_is_not_known_is_a_dash(
    table: pd.DataFrame, seeds: int, page_of: Any, text_of: Any
) -> None:
    results = results_of(table, seeds)
    for text in (page_of(results).text, text_of(results)):
        assert not re.search(
            r"\b(nan|NaN|None|inf)\b", text.replace("None of", "").replace("None.", "")
        )


def test_results_read_from_a_file_give_the_same_report(text_of: Any, tmp_path: Path) -> None:
    table = TABLE.copy()
    table.loc["s1", "B"] = NAN
    results = results_of(table)
    results.to_csv(tmp_path / "results.csv", index=False)
    again = text_of(pd.read_csv(tmp_path / "results.csv", float_precision="round_trip"))
    now = re.compile(r"- Report of.*")
    assert now.sub("", again) == now.sub("", text_of(results))


@pytest.mark.parametrize(
    ("results", "message"),
    [
        (results_of(TABLE)[:0], "^results are empty: there is nothing to report$"),
        (
            results_of(TABLE).drop(columns=["fold", "roc_auc"]),
            r"^results lack 2 columns of benchmark\(\)'s: 'fold', 'roc_auc'$",
        ),
        ([], r"^results must be the DataFrame of benchmark\(\), got list$"),
    ],
)
def test_what_are_no_results_is_refused(results: Any, message: str, tmp_path: Path) -> None:
    for name in ("report.md", "report.html"):
        with pytest.raises(ValueError, match=message):
            write_report(results, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"its name must end in .html or .md$"):
        write_report(results_of(TABLE), tmp_path / "report.pdf")
    with pytest.raises(ValueError, match="there is no folder"):
        write_report(results_of(TABLE), tmp_path / "none" / "report.md")


def test_markdown_does_without_the_libraries_of_html(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_report, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "\.\[dashboard\]"$'):
        write_report(results_of(TABLE), tmp_path / "report.html")
    write_report(results_of(TABLE), tmp_path / "report.md")
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


# -- harmless --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evil() -> pd.DataFrame:
    table = TABLE.rename(columns=lambda c: f"{EVIL} {c}", index=lambda i: f"{EVIL} {i}")
    table.iloc[0, 1] = NAN
    results = results_of(table)
    return results.assign(error=np.where(results.roc_auc.isna(), f"ValueError: {EVIL}", ""))


def test_names_are_text_wherever_they_stand(evil: pd.DataFrame, page_of: Any) -> None:
    page = page_of(evil)
    assert [a for a, _ in page.scripts if a.get("type") != "application/json"] == [{}, {}]
    assert not page.all("img") and "alert('id')" in page.text
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    held = [s for a, s in page.scripts if a.get("type") == "application/json"]
    assert len(held) == 4 and all("<" not in s for s in held)


def test_names_break_no_table_of_markdown(evil: pd.DataFrame, text_of: Any) -> None:
    html = python_markdown.markdown(text_of(evil), extensions=["tables"])
    assert not re.search(r"<(script|img|a|em|code)\b", html)
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        counts = {len(re.findall(r"<t[hd]\b", row)) for row in table.split("</tr>")[:-1]}
        assert len(counts) == 1
    assert "a |b &amp;amp;" not in html and "| a |b &amp; " in html


# -- in a browser ----------------------------------------------------------------------------------

LABELS = """[...document.querySelectorAll('.chart')].flatMap(chart => {
  const page = chart.getBoundingClientRect();
  return [...chart.querySelectorAll('.xtick text, .ytick text, .y2tick text, .gtitle')]
    .map(t => t.getBoundingClientRect())
    .filter(t => t.left < page.left - 1 || t.right > page.right + 1 || t.top < page.top - 1);
}).length"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [1024, 1440])
@pytest.mark.parametrize("n", [2, 10])
def test_a_report_draws_all_its_charts_inside_its_window(
    n: int, width: int, tmp_path: Path
) -> None:
    table = table_of(9, *np.linspace(0.9, 0.7, n).tolist())
    table.columns = [f"FCAutoEncoder:hidden_dims=[64,32],n={name}" for name in table]
    write_report(results_of(table), tmp_path / "report.html")
    with opened(tmp_path / "report.html", width) as (page, wrong):
        counts = page.evaluate(SVG_COUNTS)
        assert len(counts) == 3 and min(counts) >= 2
        assert page.evaluate(OVERFLOW) == 0 and max(page.evaluate(WIDTHS)) <= width
        assert page.evaluate(LABELS) == 0
        assert page.locator("#chart-semi-supervised-ranks .y2tick text").count() == n // 2
        assert page.locator("#chart-semi-supervised-sets .xtick text").count() == n
    assert wrong == []


@pytest.mark.browser
def test_names_run_nothing_in_a_browser(evil: pd.DataFrame, tmp_path: Path) -> None:
    write_report(evil, tmp_path / "report.html")
    with opened(tmp_path / "report.html") as (page, wrong):
        assert page.evaluate(OVERFLOW) == 0
    assert wrong == []
