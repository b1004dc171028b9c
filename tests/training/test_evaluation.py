import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests.engines import numpy_engine

from gpunet.config import TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.reference.numpy_engine import NumpyEngine
from gpunet.errors import DataError
from gpunet.model import Model, Origin, Scores
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
