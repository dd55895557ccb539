"""A model as a ``torch.nn.Module`` in physical units, and back. Needs the torch extra."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fastlstm.delaying import Taps, taps_of
from fastlstm.export.torch_frame import integrate, interpolate, mean_inputs, tap_inputs
from fastlstm.export.torch_state import from_state_dict, to_state_dict


def _find_torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError:
        return None


if TYPE_CHECKING:
    import torch  # pyright: ignore[reportMissingImports]

    from fastlstm.frame import Frame
    from fastlstm.initial_state import InitialState
    from fastlstm.network import Network
    from fastlstm.regressor import LSTMRegressor

    Module = torch.nn.Module
else:
    torch = _find_torch()
    Module = object if torch is None else torch.nn.Module


class FreeRunModule(Module):
    """Network and scaling of an `LSTMRegressor` in torch, one ``torch.nn.LSTM`` per layer.

    Parameters
    ----------
    network : Network
    dtype : torch.dtype, optional
        float64 by default.
    frame : Frame, optional
        Delays and lags of the inputs, integrators behind the network and its time base; none by
        default.
    initial_state : InitialState, optional
        Of the model whose ``state_dict`` will be loaded; at rest by default.

    Raises
    ------
    ImportError
        If torch is not installed.
    """

    u_mean: torch.Tensor
    u_std: torch.Tensor
    y_mean: torch.Tensor
    y_std: torch.Tensor
    frame_gains: torch.Tensor
    frame_levels: torch.Tensor
    frame_hold: torch.Tensor
    frame_delays: torch.Tensor
    frame_lags: torch.Tensor
    initial_offset: torch.Tensor
    initial_slope: torch.Tensor
    input_range: torch.Tensor

    def __init__(
        self,
        network: Network,
        dtype: torch.dtype | None = None,
        frame: Frame | None = None,
        initial_state: InitialState | None = None,
    ) -> None:
        if torch is None:
            raise ImportError(
                "torch must be installed to make a module; it was not found. "
                "Install it with: pip install 'fastlstm[torch]'."
            )
        super().__init__()
        dtype = torch.float64 if dtype is None else dtype
        self._add_frame(frame, dtype)
        n_inputs = network.n_inputs - (0 if frame is None else frame.n_lagged)
        self._add_beginning(n_inputs, initial_state, dtype)
        below, layers, head = network.n_inputs, [], []
        for width in network.hidden_sizes:
            layers.append(torch.nn.LSTM(below, width, batch_first=True, dtype=dtype))
            below = width
        direct = below + network.n_inputs
        for width in network.head_sizes:
            head.append(torch.nn.Linear(below, width, dtype=dtype))
            below = width
        n_features = direct + (below if head else 0)
        self.hidden_sizes = network.hidden_sizes
        self.lstm = torch.nn.ModuleList(layers)
        self.head = torch.nn.ModuleList(head)
        self.readout = torch.nn.Linear(n_features, network.n_outputs, dtype=dtype)
        for name, count in (("u", n_inputs), ("y", network.n_outputs)):
            self.register_buffer(f"{name}_mean", torch.zeros(count, dtype=dtype))
            self.register_buffer(f"{name}_std", torch.ones(count, dtype=dtype))

    def _add_frame(self, frame: Frame | None, dtype: torch.dtype) -> None:
        self.framed = frame is not None and not frame.in_step
        self.delayed = frame is not None and frame.is_delayed
        self.lagged = frame is not None and frame.n_lagged > 0
        if frame is not None and self.delayed:
            self.register_buffer("frame_delays", torch.tensor(frame.delays).to(dtype))
        if frame is not None and self.lagged:
            self.register_buffer("frame_lags", torch.tensor(frame.lags).to(dtype))
        if frame is not None and self.framed:
            values = {"gains": frame.gains, "levels": frame.levels, "hold": [float(frame.hold)]}
            for name, value in values.items():
                self.register_buffer(f"frame_{name}", torch.as_tensor(value).to(dtype))

    def _add_beginning(
        self, n_inputs: int, initial_state: InitialState | None, dtype: torch.dtype
    ) -> None:
        self.begins = initial_state is not None and not initial_state.is_rest
        if initial_state is not None and self.begins:
            for name in ("offset", "slope"):
                value = torch.as_tensor(getattr(initial_state, name)).to(dtype)
                self.register_buffer(f"initial_{name}", value)
            bounds = torch.tensor([-torch.inf, torch.inf], dtype=dtype)
            self.register_buffer("input_range", bounds[:, None].repeat(1, n_inputs))

    def forward(
        self, u: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Free run of a batch of records.

        Parameters
        ----------
        u : tensor of shape (n_records, n_timesteps, n_inputs)
            Physical units.
        state : tensor of shape (n_records, 2, n_units), optional
            h, then c; layers side by side, bottom first. Begun as `predict` does without it. Where
            the model has integrators or steps of several samples, n_outputs columns follow: sums of
            what the network said, then the last outputs, both standardised. Where past inputs act,
            as many columns follow as the latest is late by samples, times n_inputs: the last
            inputs, standardised, oldest first (all inputs of a sample side by side), in the
            first of the two rows; zeros in the second.

        Returns
        -------
        y : tensor of shape (n_records, n_timesteps, n_outputs)
            Physical units.
        state : tensor of shape (n_records, 2, n_units)
            After the last step.

        Notes
        -----
        A run can go on after whole steps of the network only; after part of one the state is NaN.
        """
        n_units = sum(self.hidden_sizes)
        before = None if state is None else state[..., :n_units]
        scaled = self._standardised(u)
        rest, past = None if state is None else state[..., n_units:], None
        if taps := self._taps():
            if rest is not None:
                n_frame = len(self.y_mean) if self.framed else 0
                rest, past = rest[..., :n_frame], rest[:, 0, n_frame:]
            scaled, past = tap_inputs(scaled, taps, past)
        if self.framed:
            y, after = self._framed(scaled, before, rest)
        else:
            y, after = self._network(scaled, before)
        if past is not None:
            after = torch.cat([after, torch.stack([past, torch.zeros_like(past)], dim=1)], dim=2)
        return self.y_mean + self.y_std * y, after

    def _taps(self) -> Taps:
        """Input and samples late of every column that the network sees; empty if all are new."""
        buffers = (("frame_delays", self.delayed), ("frame_lags", self.lagged))
        delays, lags = (
            tuple(map(int, getattr(self, name).tolist())) if there else ()
            for name, there in buffers
        )
        return taps_of(delays, lags, int(self.frame_hold.item()) if self.framed else 1)

    def _framed(
        self, scaled: torch.Tensor, before: torch.Tensor | None, state: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Network with what the frame adds; standardised outputs at every sample, and state."""
        hold, on = int(self.frame_hold.item()), self.frame_gains != 0.0
        y, after = self._network(mean_inputs(scaled, hold), before)
        y, sums = integrate(y, self.frame_gains, self.frame_levels, state)
        end = torch.cat([after, torch.stack([sums, y[:, -1]], dim=1)], dim=2)
        if scaled.shape[1] % hold:
            end = torch.full_like(end, torch.nan)
        first = self.frame_levels.where(on, y[:, 0]) if state is None else state[:, 1]
        return interpolate(y, first, scaled, hold), end

    def _standardised(self, u: torch.Tensor) -> torch.Tensor:
        constant = self.u_std == 0.0  # such an input is zero for the network, whatever its value
        divisor = torch.where(constant, torch.ones_like(self.u_std), self.u_std)
        return torch.where(constant, torch.zeros_like(u), (u - self.u_mean) / divisor)

    def _first_state(self, scaled: torch.Tensor) -> torch.Tensor:
        """State before the first step, (n_records, 2, n_units)."""
        if not self.begins:
            return scaled.new_zeros(scaled.shape[0], 2, sum(self.hidden_sizes))
        channels = [channel for channel, _ in self._taps()] or slice(None)
        low, high = self._standardised(self.input_range)[:, channels]
        seen = scaled[:, 0].maximum(low).minimum(high)
        h, c = (self.initial_offset + torch.einsum("sju,ru->rsj", self.initial_slope, seen)).unbind(
            1
        )
        return torch.stack([h.clamp(-1.0, 1.0), c], dim=1)

    def _network(
        self, scaled: torch.Tensor, state: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the network; outputs standardised, and its state after the last step."""
        before = self._first_state(scaled) if state is None else state
        x, after = scaled, []
        for lstm, part in zip(self.lstm, before.split(self.hidden_sizes, dim=2), strict=True):
            h, c = part[:, 0].unsqueeze(0).contiguous(), part[:, 1].unsqueeze(0).contiguous()
            x, (h, c) = lstm(x, (h, c))
            after.append(torch.stack([h[0], c[0]], dim=1))
        features = [x, scaled]
        if len(self.head):
            a = x
            for linear in self.head:
                a = torch.tanh(linear(a))
            features = [a, *features]
        return self.readout(torch.cat(features, dim=-1)), torch.cat(after, dim=2)


def to_torch_module(model: Any, dtype: torch.dtype | None = None) -> FreeRunModule:
    """Make a module that computes what `predict` does, to train on or to run inside torch.

    Parameters
    ----------
    model : LSTMRegressor
        Fitted.
    dtype : torch.dtype, optional
        float64 by default.

    Returns
    -------
    FreeRunModule
        On the CPU, in evaluation mode.

    Raises
    ------
    ValueError
        If the model has a part that cannot be exported.
    ImportError
        If torch is not installed.
    """
    state = to_state_dict(model)
    module = FreeRunModule(model.network_, dtype, model.frame_, model.initial_state_)
    module.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    return module.eval()


def from_torch_module(module: FreeRunModule) -> LSTMRegressor:
    """Fitted model from a `FreeRunModule`, for example after training it in torch.

    Parameters
    ----------
    module : FreeRunModule
        On any device.

    Returns
    -------
    LSTMRegressor
    """
    if not isinstance(module, FreeRunModule):
        raise TypeError(
            f"module must be a FreeRunModule; got {type(module).__name__}. "
            "Make one with to_torch_module, or pass a state_dict to from_state_dict."
        )
    state = {name: value.detach().cpu().double() for name, value in module.state_dict().items()}
    return from_state_dict(state)
