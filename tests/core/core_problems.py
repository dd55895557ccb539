"""Networks that reach every branch of the kernels, with data and the exact answers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fastlstm._core import reference
from fastlstm.network import Network


@dataclass(frozen=True)
class CoreProblem:
    """A network, weights, unequal records and an initial state for each of them."""

    name: str
    network: Network
    lengths: tuple[int, ...]

    @cached_property
    def params(self):
        return np.random.default_rng(1).normal(scale=0.4, size=self.network.n_params)

    @cached_property
    def offsets(self):
        return np.concatenate([[0], np.cumsum(self.lengths)])

    @cached_property
    def u(self):
        return np.random.default_rng(2).normal(size=(sum(self.lengths), self.network.n_inputs))

    @cached_property
    def state0(self):
        shape = (len(self.lengths), 2, self.network.n_units)
        return np.random.default_rng(3).normal(scale=0.5, size=shape)

    @cached_property
    def free_run(self):
        """Output and final state by the judge."""
        return reference.simulate(self.network, self.params, self.u, self.offsets, self.state0)

    @cached_property
    def jacobian(self):
        """Forward sensitivities, shape (n_total, n_outputs, n_params + 2 * n_units)."""
        return np.concatenate(
            [
                reference.jacobian_forward(self.network, self.params, self.u[start:stop], state)[1]
                for start, stop, state in zip(
                    self.offsets[:-1], self.offsets[1:], self.state0, strict=True
                )
            ]
        )

    def inputs(self):
        """Arguments shared by `simulate` and the reference."""
        return self.network, self.params, self.u, self.offsets

    def expected_rows(self, plan, n_columns):
        """Exact rows in the arrangement of a plan, zero at padding."""
        exact = self.jacobian[plan.step.ravel(), :, :n_columns]
        return np.where(plan.mask[:, None, None], exact, 0.0).reshape(-1, n_columns)


PROBLEMS = [
    CoreProblem("one-unit", Network(1, 1, (1,)), (1, 12, 7)),
    CoreProblem("2x5+8", Network(1, 1, (5, 5), (8,)), (30, 1, 17)),
    CoreProblem("2x6-two-inputs", Network(2, 1, (6, 6)), (19,)),
    CoreProblem("three-layers", Network(3, 2, (4, 7, 3), (6,)), (9, 21, 14)),
    CoreProblem("three-wide-layers", Network(1, 1, (9, 12, 10), (5, 4)), (13,)),
    CoreProblem("1x15", Network(2, 1, (15,)), (11, 18)),
    CoreProblem("1x16-wide-head", Network(1, 2, (16,), (17,)), (20,)),
    CoreProblem("1x17-three-heads", Network(1, 1, (17,), (33, 20, 3)), (16, 1)),
    CoreProblem("1x33", Network(2, 3, (33,)), (8, 5)),
    CoreProblem("20-then-1", Network(1, 1, (20, 1), (2, 2)), (12,)),
]


def relative_error(found, exact):
    """Largest deviation over the largest exact value."""
    assert found.shape == exact.shape
    return np.abs(found - exact).max() / np.abs(exact).max()
