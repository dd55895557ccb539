import numpy as np
import pytest

from fastlstm.solvers.penalty import Penalty, escalate

DATA = 0.7  # where the data alone would put the weight; the constraint asks for x <= 0


def minimum(penalty):
    """Minimiser of (x - DATA)^2 + w max(x + shift, 0)^2, in closed form."""
    w, shift = penalty.weight, penalty.shift[0]
    return (DATA - w * shift) / (1.0 + w)


@pytest.mark.parametrize("weight", [0.01, 1.0, 100.0])
def test_stages_end_on_the_edge_of_the_constraint(weight):
    """A fixed quadratic penalty stops at DATA / (1 + w) > 0; the shift removes what is left."""
    penalty = Penalty(weight, np.zeros(1))
    assert minimum(penalty) > 0.005
    for _ in range(40):
        penalty = escalate(penalty, np.array([minimum(penalty)]))
    assert abs(minimum(penalty)) < 1e-3


def test_weight_grows_only_where_the_excess_stays():
    """Tenfold when more than a quarter of the excess is left, else not; never without excess."""
    first = Penalty.first(2)
    stuck = escalate(escalate(first, np.array([0.4, -1.0])), np.array([0.3, -1.0]))
    assert stuck.weight == pytest.approx(10 * first.weight)
    quick = escalate(escalate(first, np.array([0.4, -1.0])), np.array([0.05, -1.0]))
    assert quick.weight == first.weight
    inside = escalate(first, np.array([-0.2, -np.inf]))
    assert inside.weight == first.weight and not np.any(inside.shift)


def test_shift_is_given_back_by_layers_that_ended_inside():
    """A layer aimed too far inside is aimed less far, never outside."""
    penalty = escalate(Penalty.first(2), np.array([0.4, 0.1]))
    np.testing.assert_allclose(penalty.shift, [0.4, 0.1])
    np.testing.assert_allclose(escalate(penalty, np.array([-0.3, -0.5])).shift, [0.1, 0.0])


def test_infinite_excess_gives_a_finite_penalty():
    """A layer whose bounds overflow is aimed inside as far as any."""
    penalty = escalate(Penalty.first(1), np.array([np.inf]))
    assert np.isfinite(penalty.weight) and np.all(np.isfinite(penalty.shift))
