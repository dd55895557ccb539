"""Simulated plants that are recorded many times for a short time."""

from __future__ import annotations

import numpy as np

from fastlstm.datasets.base import FloatArray

Lists = tuple[list[FloatArray], list[FloatArray]]  # inputs and noise-free outputs of every record


def fed_batch(n_records: int, seed: int) -> Lists:
    """Cells that grow on a fed substrate and are slowed by their product; all begin alike.

    Inputs: feed, and a factor on the growth that stays as it is in a batch. Outputs: cells and
    product.
    """
    rng, X, y = np.random.default_rng(seed), [], []
    for _ in range(n_records):
        n = int(rng.integers(80, 160))
        feed = np.interp(np.arange(n), np.linspace(0, n, 6), rng.uniform(0.0, 1.0, 6))
        factor, measured = rng.uniform(0.6, 1.2), np.empty((n, 2))
        cells, substrate, product = 0.1, 1.0, 0.0
        for t in range(n):
            rate = 0.12 * factor * substrate / (0.2 + substrate) / (1.0 + 0.3 * product)
            growth = rate * cells
            cells += growth - 0.01 * cells * feed[t]
            substrate = max(substrate + 0.05 * feed[t] - 0.5 * growth, 0.0)
            product += 0.05 * cells * (1.0 - 0.5 * rate)
            measured[t] = cells, product
        X.append(np.stack([feed, np.full(n, factor)], axis=1))
        y.append(measured)
    return X, y


def cooling(n_records: int, seed: int) -> Lists:
    """Body that is heated and cools, faster when hot; it forgets less than half in a record.

    Records begin at any temperature; the sensor lags by three steps.
    """
    rng, X, y = np.random.default_rng(seed), [], []
    for _ in range(n_records):
        n = int(rng.integers(100, 200))
        heat = np.repeat(rng.uniform(0.0, 1.0, n // 20 + 1), 20)[:n]
        body, measured = rng.uniform(20.0, 90.0), np.empty((n, 1))
        shown = body
        for t in range(n):
            above = body - 20.0
            body += 0.8 * heat[t] - 0.004 * above * (1.0 + 0.1 * abs(above) ** 0.33)
            shown += 0.3 * (body - shown)
            measured[t] = shown
        X.append(heat[:, None])
        y.append(measured)
    return X, y


PLANTS = {"fed_batch": fed_batch, "cooling": cooling}
