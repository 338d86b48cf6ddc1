"""Style-based generator (Karras 2019, 2020): mapping network, modulated convolutions, noise, skip outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.generators.style_frozen import FrozenStyle
from models.growth import levels_of, sides_of, sides_shown
from models.latent import draw_noise
from models.layers import Linear, double, lifted, unit
from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec, Inside, Synthesis


@dataclass(frozen=True)
class StyleConfig:
    size: int = 64  # 4 doubled some times
    channels: int = 3
    z_dim: int = 128
    w_dim: int = 256
    widths: tuple[int, ...] = (256, 256, 192, 96, 48)  # feature maps at 4, 8, 16 …
    mapping_layers: int = 4
    mapping_rate: float = 0.01  # how fast they learn, of the others' rate
    classes: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sides_of(self)


class ModulatedConv(nn.Module):
    """Convolution whose input maps are scaled by the style, and whose output is scaled back (Karras 2020, section 2.2).

    Scaling activations and outputs gives what a kernel a picture would, with one kernel for the whole batch.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, w_dim: int, demodulate: bool = True) -> None:
        super().__init__()
        self.style = Linear(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale = 1 / math.sqrt(inputs * kernel**2)
        self.demodulate = demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:  # (n, inputs, h, w), (n, w_dim) -> (n, outputs, h, w)
        style = self.style(w)
        weight = self.weight * self.scale
        modulated = x * style[:, :, None, None].to(x.dtype)
        y = F.conv2d(modulated, weight.to(x.dtype), padding=weight.shape[-1] // 2)
        if self.demodulate:
            norm = (style.square() @ weight.square().sum((2, 3)).T + 1e-8).rsqrt()
            y = y * norm[:, :, None, None].to(y.dtype)
        return y


class StyledLayer(nn.Module):
    """Modulated convolution, optional doubling, noise, bias, leaky ReLU.

    The convolution runs before the doubling: what a transposed convolution would cost, a quarter of doing it after.
    """

    def __init__(self, inputs: int, outputs: int, w_dim: int, up: bool) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, 3, w_dim)
        self.noise = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.up = up

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        x = self.conv(x, w)
        if self.up:
            x = double(x)
        x = x + (self.noise * noise).to(x.dtype) + self.bias[:, None, None].to(x.dtype)
        return lifted(x)


@GENERATORS.register("style", StyleConfig)
class Style(Generator):
    """Constant input, two styled layers a resolution, a picture at each added up (Karras 2020, figure 7b)."""

    centres: Tensor

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        self.config = config
        layers = 2 * len(config.widths)
        self.spec = GeneratorSpec(
            "style",
            config.size,
            config.channels,
            config.z_dim,
            config.w_dim,
            layers,
            tuple(config.classes),
            tuple(config.styles),
            has_noise=True,
            sides=sides_shown(config),
            bendable=tuple(width for width in config.widths for _ in range(2)),
        )
        names = len(config.classes) + len(config.styles)
        self.embed = Linear(names, config.z_dim) if names else None
        inputs = config.z_dim * (2 if names else 1)
        sizes = [inputs] + [config.w_dim] * config.mapping_layers
        self.mapping = nn.ModuleList(Linear(a, b, rate=config.mapping_rate) for a, b in zip(sizes, sizes[1:], strict=False))
        combinations = max(len(config.classes), 1) * max(len(config.styles), 1)
        self.register_buffer("centres", torch.zeros(combinations, config.w_dim))
        self.start = nn.Parameter(torch.randn(1, config.widths[0], 4, 4))
        pairs = list(zip((config.widths[0], *config.widths), config.widths, strict=False))
        self.firsts = nn.ModuleList(StyledLayer(a, b, config.w_dim, up=k > 0) for k, (a, b) in enumerate(pairs))
        self.seconds = nn.ModuleList(StyledLayer(b, b, config.w_dim, up=False) for _, b in pairs)
        self.pictures = nn.ModuleList(ModulatedConv(b, config.channels, 1, config.w_dim, demodulate=False) for _, b in pairs)
        self.ground = nn.Parameter(torch.zeros(config.channels))
        self.levels, self.fade = len(config.widths), 1.0  # resolutions in use: all, unless it is being grown

    def grow(self, side: int, fade: float = 1.0) -> None:
        """Draw only up to `side` pixels, the newest resolution added by a share `fade` (Karras 2018, section 2)."""
        self.levels, self.fade = levels_of(self.config, side), fade

    def up_to(self, side: int) -> Style:
        """A generator of `side` pixels made of this one's coarser layers, weights and centres included."""
        if side == self.spec.size:
            return self
        config = replace(self.config, size=side, widths=tuple(self.config.widths[: levels_of(self.config, side)]))
        small = Style(config)
        weights = self.state_dict()
        small.load_state_dict({name: weights[name] for name in small.state_dict()})
        return small

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        x = unit(z)
        rows = condition.rows(self.spec)
        if self.embed is not None and rows is not None:
            x = torch.cat([x, unit(self.embed(rows))], dim=1)
        for layer in self.mapping:
            x = lifted(layer(x))
        return x.unsqueeze(1).expand(-1, self.spec.layers, -1)

    def centre(self, condition: Condition, n: int) -> Tensor:
        """Each condition's own mean of w, mixed as the condition is: truncation then keeps the class (centres: measure_centres)."""
        one = torch.ones(n, 1, device=self.centres.device)
        classes = one if condition.classes is None else condition.classes
        styles = one if condition.styles is None else condition.styles
        shares = (classes[:, :, None] * styles[:, None, :]).flatten(1)
        return (shares @ self.centres).unsqueeze(1).expand(-1, self.spec.layers, -1)

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None, inside: Inside | None = None) -> Tensor:
        return self._drawn(w, noise_seeds, self.levels, self.fade, inside)

    def at_side(self, w: Tensor, side: int, noise_seeds: Sequence[int] | None = None, inside: Inside | None = None) -> Tensor:
        """What the coarser layers have added up by then (Karras 2020, figure 8): a sketch of the whole."""
        return self._drawn(w, noise_seeds, levels_of(self.config, side), 1.0, inside)

    def _drawn(self, w: Tensor, noise_seeds: Sequence[int] | None, levels: int, fade: float, inside: Inside | None) -> Tensor:
        dtype = self.working_dtype(w.device.type)
        noise = self.noise(len(w), noise_seeds, w.device)
        x = self.start.to(dtype).expand(len(w), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        picture = self.ground[None, :, None, None].float()
        resolutions = zip(self.firsts, self.seconds, self.pictures, strict=True)
        for k, (first, second, to_picture) in zip(range(levels), resolutions, strict=False):
            for layer, styled in ((2 * k, first), (2 * k + 1, second)):
                x = styled(x, w[:, layer], noise[layer])
                x = inside(layer, x) if inside else x
            shown = to_picture(x, w[:, 2 * k + 1]).float()
            picture = (double(picture) if k > 0 else picture) + (shown if k + 1 < levels else shown * fade)
        return picture.expand(-1, 3, -1, -1)

    def entries(self) -> Sequence[Tensor]:
        return [layer.conv.style.weight for pair in zip(self.firsts, self.seconds, strict=True) for layer in pair]  # type: ignore[union-attr]

    def synthesis(self, dtype: torch.dtype) -> Synthesis:
        return FrozenStyle(self, dtype)

    def working_dtype(self, device: str) -> torch.dtype:
        """What the feature maps are kept in: autocast's choice where it is on, else the convolutions' own."""
        if torch.is_autocast_enabled(device):
            return torch.get_autocast_dtype(device)
        first = self.firsts[0]
        assert isinstance(first, StyledLayer)
        return first.conv.weight.dtype

    def settle(self) -> None:
        self.measure_centres()

    def measure_centres(self, count: int = 4096) -> None:
        """Average w over many z for each class and style; called once, when a training saves its weights."""
        classes, styles = self.spec.classes, self.spec.styles
        z = torch.randn(count, self.spec.z_dim, generator=torch.Generator().manual_seed(0)).to(self.centres.device)
        for k in range(len(self.centres)):
            c, s = divmod(k, max(len(styles), 1))
            one_hot = lambda i, names: torch.eye(len(names), device=z.device)[i].expand(count, -1) if names else None  # noqa: E731
            self.centres[k] = self.map(z, Condition(one_hot(c, classes), one_hot(s, styles)))[:, 0].mean(0)

    def noise(self, n: int, seeds: Sequence[int] | None, device: torch.device) -> list[Tensor]:
        """One (n, 1, side, side) map a layer; seeded noise is drawn on the CPU, the same on every device."""
        sides = [4 << (layer // 2) for layer in range(self.spec.layers)]
        if seeds is None:
            return [torch.randn(n, 1, side, side, device=device) for side in sides]
        total = sum(side**2 for side in sides)
        drawn = torch.stack([draw_noise(seed, total) for seed in seeds]).to(device)
        return [part.view(n, 1, side, side) for part, side in zip(drawn.split([s**2 for s in sides], dim=1), sides, strict=True)]
