from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests.engines import numpy_engine

from gpunet.config import Loss, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.datasets.origin import Origin
from gpunet.datasets.scaling import Scaling
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.errors import DataError, ModelError
from gpunet.model import Model, Scores
from gpunet.parameters import initial_parameters
from gpunet.training.evaluation import evaluate, predict, sample_rows

CONFIG = TrainConfig(hidden=(3,))
NETWORK = CONFIG.network(inputs=4, outputs=3)
SAMPLES = Samples(
    np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32),
    (np.arange(20) % 3).astype(np.int32),
)


def a_model(population: int) -> Model:
    return Model(
        network=NETWORK,
        parameters=initial_parameters(NETWORK, "auto", range(population)),
        config=CONFIG,
        classes=("a", "b", "c"),
        image_shape=None,
        scaling=None,
        origin=Origin("points", "points", "", ""),
        best_epoch=1,
        test=Scores(None, None),
    )


def an_engine(population: int) -> NumpyEngine:
    return numpy_engine((CONFIG,) * population, NETWORK.inputs, NETWORK.outputs)


def test_several_networks_answer_with_the_mean_of_their_probabilities() -> None:
    alone = []
    for network in range(2):
        single = a_model(2)
        engine = an_engine(1)
        engine.set_parameters(single.parameters[network : network + 1])
        engine.load("test", SAMPLES)
        alone.append(engine.predict("test")[0])
    together = predict(an_engine(2), a_model(2), SAMPLES)
    assert_allclose((alone[0] + alone[1]) / 2, together, rtol=1e-6)


def test_figures_and_matrix_agree_with_the_probabilities() -> None:
    evaluation = evaluate(an_engine(1), a_model(1), SAMPLES)
    chosen = evaluation.probabilities[np.arange(20), SAMPLES.labels]
    hits = evaluation.probabilities.argmax(axis=1) == SAMPLES.labels
    assert evaluation.overall.loss == pytest.approx(-np.log(chosen).mean(), rel=1e-5)
    assert hits.mean() == evaluation.overall.accuracy
    assert hits.sum() == np.trace(evaluation.matrix)
    assert evaluation.scores.support.tolist() == [7, 7, 6]


def test_the_figures_of_several_networks_are_those_of_their_joint_answer() -> None:
    evaluation = evaluate(an_engine(3), a_model(3), SAMPLES)
    chosen = evaluation.probabilities[np.arange(20), SAMPLES.labels]
    hits = evaluation.probabilities.argmax(axis=1) == SAMPLES.labels
    assert evaluation.overall.loss == pytest.approx(-np.log(chosen).mean(), rel=1e-5)
    assert evaluation.overall.accuracy == hits.mean()
    own = [scores.loss for scores in evaluation.networks]
    assert np.mean(np.array(own, float)) > float(evaluation.overall.loss or 0) + 1e-3


def test_no_samples_are_refused() -> None:
    with pytest.raises(DataError, match="no samples"):
        evaluate(an_engine(1), a_model(1), SAMPLES[:0])


def test_picked_rows_are_different_in_order_and_the_same_for_the_same_seed() -> None:
    rows = sample_rows(30, 10, seed=4)
    assert len(set(rows.tolist())) == 10
    assert sorted(rows.tolist()) == rows.tolist()
    assert rows.tolist() == sample_rows(30, 10, seed=4).tolist()
    assert rows.tolist() != sample_rows(30, 10, seed=5).tolist()


def test_rows_are_picked_from_some_alone_if_asked_for() -> None:
    assert sample_rows(30, 10, 0, among=np.arange(30) >= 25).tolist() == [25, 26, 27, 28, 29]
    assert sample_rows(30, 10, 0, among=np.zeros(30, np.bool_)).tolist() == []


def test_the_samples_with_the_largest_losses_come_first() -> None:
    losses = np.array([0.1, 1.6, 0.5, 0.9])
    assert sample_rows(4, 3, 0, losses=losses).tolist() == [1, 3, 2]
    wrong = np.array([False, True, False, True])
    assert sample_rows(4, 3, 0, losses=losses, among=wrong).tolist() == [1, 3]


DRAWS = np.random.default_rng(1)
FEATURES = SAMPLES.features
TARGETS = DRAWS.normal((1000, 0), 1, (20, 2)) + FEATURES[:, :2] * np.array([50, 0.2])
TAGS = (FEATURES[:, :2] > 0).astype(np.float32)


def other_model(loss: Loss, population: int, scaling: Scaling | None = None) -> Model:
    config = TrainConfig(hidden=(3,), loss=loss)
    network = config.network(inputs=4, outputs=2)
    return replace(
        a_model(1),
        network=network,
        parameters=initial_parameters(network, "auto", range(population)),
        config=config,
        classes=(),
        targets=("price", "size"),
        target_scaling=scaling,
    )


def other_engine(model: Model) -> NumpyEngine:
    return numpy_engine((model.config,) * len(model.parameters), 4, 2)


@pytest.mark.parametrize("loss", ["squared-error", "huber", "poisson"])
@pytest.mark.parametrize("population", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_measured_targets_are_scored_in_their_own_units_as_scikit_learn_does(
    loss: Loss, population: int, weighted: bool
) -> None:
    judge = pytest.importorskip("sklearn.metrics")
    scaling = Scaling(TARGETS.mean(axis=0), TARGETS.std(axis=0))
    if loss == "poisson":
        scaling = Scaling(np.zeros(2), np.array([1000.0, 1.0]))
    model = other_model(loss, population, scaling)
    weights = DRAWS.uniform(0, 5, 20).astype(np.float32) if weighted else None
    found = evaluate(other_engine(model), model, Samples(FEATURES, TARGETS, weights))
    engine = other_engine(model)
    given = {"sample_weight": weights}
    assert_allclose(predict(engine, model, Samples(FEATURES, TAGS)), found.answers, 1e-12)
    assert found.answers.dtype == np.float64
    rmse = judge.root_mean_squared_error(TARGETS, found.answers, **given)
    assert found.r2 == pytest.approx(judge.r2_score(TARGETS, found.answers, **given))
    assert found.rmse == pytest.approx(rmse)
    assert found.mae == pytest.approx(judge.mean_absolute_error(TARGETS, found.answers, **given))
    standard = (found.answers - scaling.mean) / scaling.deviation
    wanted = (TARGETS - scaling.mean) / scaling.deviation
    errors = np.abs(standard - wanted)
    costs = {
        "squared-error": errors**2 / 2,
        "huber": np.where(errors <= 1, errors**2 / 2, errors - 0.5),
        "poisson": standard - wanted * np.log(np.maximum(standard, 1e-30)),
    }[loss].sum(axis=1)
    assert found.loss == pytest.approx(np.average(costs, weights=weights), rel=1e-4)
    assert_allclose(found.losses, costs, 1e-3)
    assert (found.accuracy, found.matrix.size, found.scores.f1.size) == (None, 0, 0)
    assert len(found.networks) == population
    if population > 1:
        assert found.networks[0].r2 != found.r2


def test_measured_targets_have_no_probabilities() -> None:
    model = other_model("squared-error", 1)
    found = evaluate(other_engine(model), model, Samples(FEATURES, TARGETS))
    with pytest.raises(ModelError, match="have no probabilities; use answers"):
        _ = found.probabilities


@pytest.mark.parametrize("population", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_labels_are_right_where_all_of_a_sample_are(population: int, weighted: bool) -> None:
    judge = pytest.importorskip("sklearn.metrics")
    model = other_model("binary-cross-entropy", population)
    weights = DRAWS.uniform(0, 5, 20).astype(np.float32) if weighted else None
    found = evaluate(other_engine(model), model, Samples(FEATURES, TAGS, weights))
    said, shares = found.probabilities > 0.5, found.probabilities.astype(np.float64)
    exact = judge.accuracy_score(TAGS, said, sample_weight=weights)
    assert found.accuracy == pytest.approx(exact)
    assert_allclose(found.scores.f1, judge.f1_score(TAGS, said, average=None))
    costs = -np.log(np.where(TAGS > 0, shares, 1 - shares)).sum(axis=1)
    assert found.loss == pytest.approx(np.average(costs, weights=weights), rel=1e-5)
    assert_allclose(found.losses, costs, 1e-5)
    assert found.right is not None
    assert found.right.tolist() == (said == (TAGS > 0)).all(axis=1).tolist()
