"""How a report on a comparison is to be read: terms and what they mean, for every form of it."""

from collections.abc import Sequence

Terms = list[tuple[str, str]]

READING: Terms = [
    (
        "ROC-AUC",
        "How often an outlier scores higher than a normal run: 1 always, 0.5 by chance. It looks "
        "at the ranking alone, not at a threshold. Of a data set it is the mean over seeds and "
        "splits; of a detector the mean over data sets. Of timesteps it is the mean over "
        "the series that have normal and abnormal ones.",
    ),
    (
        "95 % interval",
        "Where the mean over data sets would lie for other sets of the same kind (bootstrap over "
        "data sets). It says how sure the mean is, not how a detector does on one set. Intervals "
        "of two detectors may overlap though one is better on every set: see the pairs. With one "
        "data set it is the mean interval over its runs.",
    ),
    (
        "Rank",
        "Place among the detectors on a data set, 1 the best, ties shared; the mean over data "
        "sets. Only detectors with a number on every set have one. It depends on who else is "
        "compared.",
    ),
    (
        "Critical difference",
        "A bar joins neighbours by rank of which no pair can be told apart. That two detectors "
        "are not told apart does not say that they are equal: with few data sets nothing is.",
    ),
    (
        "p, Holm p",
        "How often chance alone gives a difference so steady over data sets (Wilcoxon "
        "signed-rank test), and the same corrected for the number of pairs. Below 0.05 a pair is "
        "called told apart. A p-value says nothing of how large a difference is, nor whether it "
        "matters.",
    ),
    (
        "AP, P@n",
        "Average precision, and precision among the n runs with the highest scores, where n is "
        "the number of outliers. Both depend on how rare outliers are.",
    ),
    (
        "F1, FAR, MAR",
        "At the threshold that the detector learned: harmonic mean of precision and recall, "
        "share of normal runs flagged (false alarms), share of outliers missed. Timesteps of all "
        "series are counted one by one. A detector can rank well and have a poor threshold.",
    ),
    (
        "Fit, score, memory",
        "Medians of a fit's seconds, of the seconds to score the runs judged, and of the growth "
        "of the process's memory meanwhile; fair where no more fits ran at a time than cores "
        "were idle.",
    ),
    (
        "Semi-supervised, unsupervised",
        "Learned from the normal runs of each training part alone, or from all of them, outliers "
        "among them. No detector sees a label.",
    ),
]
# Of measures that only some results have.
MORE: dict[str, tuple[str, str]] = {
    "pr_auc": (
        "PR-AUC",
        "Area under the curve of precision over recall of timesteps, by trapezoids: near the AP, "
        "above it where scores tie.",
    ),
    "vus_pr": (
        "VUS-PR",
        "The same area where timesteps near an abnormal stretch count in part, as the mean over "
        "widths of that border. By chance it is about the share of abnormal timesteps.",
    ),
    "range_f1": (
        "Range precision, recall, F1",
        "By stretches, at the threshold that the detector learned: how much of an alarm is "
        "abnormal; of an abnormal stretch whether it was noticed at all and how much of it was, "
        "half and half; and the harmonic mean of the two. Many short alarms in one stretch count "
        "less than one that covers it.",
    ),
}


def reading(measures: Sequence[str]) -> Terms:
    """Terms of a report on these measures."""
    return [*READING, *(term for name, term in MORE.items() if name in measures)]
