"""Tools of `pyod_tools` that hold a detector: PyOD's ensembles, hosts and engine."""

from functools import partial
from typing import Any

import numpy as np
from pyod.models.embedding import EmbeddingOD
from pyod.models.feature_bagging import FeatureBagging
from pyod.models.knn import KNN
from pyod.models.lscp import LSCP
from pyod.models.ts_od import TimeSeriesOD
from pyod.models.xgbod import XGBOD
from pyod.utils.ad_engine import ADEngine
from trial import Array, Complaint, Data, Maker, differ, doubts, doubts_of, tool, tools, unequal

from tsad_plugin import to_matrix

# --- ensembles ----------------------------------------------------------------------------------


@tool("Ensembles", "`LSCP`")
def in_lscp(make: Maker, data: Data) -> Complaint:
    host = LSCP([make(0), make(1), KNN()], random_state=0).fit(data.X)

    def score(X: Array) -> Array:
        # It draws new regions at every call: with the same draws only the members can differ.
        host.random_state = np.random.RandomState(0)
        return host.decision_function(X)

    return doubts(score, data.new)


@tool("Ensembles", "`XGBOD`")
def in_xgbod(make: Maker, data: Data) -> Complaint:
    host = XGBOD([make(0), make(1)], silent=None).fit(data.X, data.y)
    # Its trees may get by without the members: what they add to the columns counts here.
    added = host._generate_new_features
    return doubts_of(host, data) or doubts(lambda X: added(X).mean(axis=1), data.new)


@tools(
    "Ensembles",
    {"`SUOD`, projection off": (1,), "`SUOD(n_jobs=2)`, projection off": (2,)},
    last=True,
)
def in_suod(n_jobs: int, make: Maker, data: Data) -> Complaint:
    from pyod.models.suod import SUOD  # here: it sets how joblib starts processes from then on

    host = SUOD(
        [make(0), make(1)],
        n_jobs=n_jobs,
        rp_flag_global=False,
        approx_flag_global=False,
        bps_flag=False,
    )
    return doubts_of(host.fit(data.X), data)


@tools(
    "Ensembles",
    {
        "`FeatureBagging` of table rows": ("all",),
        "`FeatureBagging` of univariate runs": (None,),
        "`FeatureBagging` of flattened channels": (3,),
    },
)
def in_feature_bagging(n_channels: Any, make: Maker, data: Data) -> Complaint:
    host = FeatureBagging(make(n_channels=n_channels), n_estimators=3, random_state=0).fit(data.X)
    in_order = all((np.diff(features) > 0).all() for features in host.estimators_features_)
    doubt = doubts_of(host, data)
    if doubt is None and not in_order and _needs_order(make, data):
        return "each member gets a part of the timesteps, some of them out of order"
    return doubt


def _needs_order(make: Maker, data: Data) -> bool:
    """Whether it refuses table rows, whose columns have no order: they are single timesteps."""
    try:
        make(n_channels="all").fit(data.X)
    except ValueError:
        return True
    return False


# --- hosts --------------------------------------------------------------------------------------


@tool("Hosts", "`TimeSeriesOD`")
def in_time_series_od(make: Maker, data: Data) -> Complaint:
    series = data.X[:20].ravel()
    host = TimeSeriesOD(make(), window_size=20, step=5).fit(series)
    alone, after = host.decision_function(series), host.decision_function(np.r_[series, series])
    if alone.shape != series.shape or not np.isfinite(alone).all():
        return "the scores are not a finite one each timestamp"
    if differ(alone, host.decision_function(series)):
        return "two calls on the same series give different scores"
    # Windows that begin within the second copy are those of the first.
    if differ(after[len(series) + 20 :], alone[20:]):
        return "a window's score depends on the windows before it: windows are read as timestamps"
    return None


@tool("Hosts", "`EmbeddingOD` with the detector behind a resampler")
def behind_an_encoder(make: Maker, data: Data) -> Complaint:
    halved = partial(to_matrix, n_timesteps=30)
    host = EmbeddingOD(halved, detector=make()).fit(unequal(data.X))
    return doubts_of(host, data._replace(new=unequal(data.new)))


@tool("Hosts", "`EmbeddingOD` with the detector's codes as encoder")
def as_an_encoder(make: Maker, data: Data) -> Complaint:
    host = EmbeddingOD(make().fit(data.X).transform, detector=KNN()).fit(data.X)
    return doubts_of(host, data)


@tool("Hosts", "PyOD's plain `ADEngine` with an entry made by hand")
def in_the_engine(make: Maker, data: Data) -> Complaint:
    engine, name = ADEngine(random_state=0), make.cls.__name__
    engine.kb.algorithms[name] = {
        "class_path": f"{make.cls.__module__}.{name}",
        "status": "shipped",
        "data_types": ["time_series"],
        "default_params": {"contamination": 0.1},
    }
    plan = engine.make_plan([name], params=[make.quick])
    result = engine.run_detection(data.X, plan, X_test=data.new)
    report = engine.generate_report(result, engine.analyze_results(result, X=data.X))
    if name not in report:
        return "the report does not name the detector"
    return doubts_of(result["detector"], data)
