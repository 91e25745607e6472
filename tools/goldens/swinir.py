"""SwinIR in PyTorch, written after its paper (J. Liang et al., 2021) with the names of the release.

restoration.py records from it.
"""

import torch
from torch import nn
from torch.nn import functional as F


class WindowAttention(nn.Module):
    def __init__(self, c, heads, window):
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv, self.proj = nn.Linear(c, 3 * c), nn.Linear(c, c)
        self.relative_position_bias_table = nn.Parameter(
            torch.zeros((2 * window - 1) ** 2, heads))

    def forward(self, x, mask):
        """Windows [windows, cells, channels] attend within themselves; masks [windows, cells, cells]."""
        count, cells, c = x.shape
        q, k, v = self.qkv(x).reshape(count, cells, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
        place = torch.arange(cells, device=x.device)
        row, column = place // self.window, place % self.window
        index = (
            (row[:, None] - row + self.window - 1) * (2 * self.window - 1)
            + column[:, None] - column + self.window - 1)
        scores = scores + self.relative_position_bias_table[index].permute(2, 0, 1)
        if mask is not None:
            scores = scores + mask[:, None]
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(count, cells, c))


class SwinIRBlock(nn.Module):
    def __init__(self, c, heads, window, shift, ratio):
        super().__init__()
        self.window, self.shift = window, shift
        self.norm1, self.norm2 = nn.LayerNorm(c), nn.LayerNorm(c)
        self.attn = WindowAttention(c, heads, window)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(c, ratio * c), nn.Linear(ratio * c, c)

    def windows(self, x):
        b, h, w, c = x.shape
        x = x.reshape(b, h // self.window, self.window, w // self.window, self.window, c)
        return x.transpose(2, 3).reshape(-1, self.window**2, c)

    def mask(self, b, h, w, like):
        """-100 between cells that were not neighbours before the shift."""
        def parts(side):
            edges = torch.tensor([side - self.window, side - self.shift], device=like.device)
            return (torch.arange(side, device=like.device)[:, None] >= edges).sum(1)

        regions = 3 * parts(h)[:, None] + parts(w)
        cells = self.windows(regions[None, :, :, None].to(like.dtype))[:, :, 0]
        return (-100.0 * (cells[:, :, None] != cells[:, None])).to(like.dtype).repeat(b, 1, 1)

    def forward(self, x):
        b, h, w, c = x.shape
        y, mask = self.norm1(x), None
        if self.shift:
            y = y.roll((-self.shift, -self.shift), (1, 2))
            mask = self.mask(b, h, w, x)
        y = self.attn(self.windows(y), mask)
        y = y.reshape(b, h // self.window, w // self.window, self.window, self.window, c)
        y = y.transpose(2, 3).reshape(b, h, w, c)
        if self.shift:
            y = y.roll((self.shift, self.shift), (1, 2))
        x = x + y
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x))))


def channels_last(module, x):
    return module(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class SwinGroup(nn.Module):
    def __init__(self, c, depth, heads, window, ratio):
        super().__init__()
        self.residual_group = nn.Module()
        self.residual_group.blocks = nn.Sequential(*[
            SwinIRBlock(c, heads, window, i % 2 * (window // 2), ratio) for i in range(depth)])
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return x + self.conv(channels_last(self.residual_group.blocks, x))


class SwinIR(nn.Module):
    """`upsampler` is that of the release: '' (noise), 'pixelshuffle' or 'pixelshuffledirect'."""

    def __init__(self, c, depths, heads, window=8, ratio=2, upsampler="", scale=1, range_=1):
        super().__init__()
        self.window, self.scale, self.range = window, scale, range_

        def convolution(inputs, outputs):
            return nn.Conv2d(inputs, outputs, 3, padding=1)

        self.conv_first = convolution(3, c)
        self.patch_embed = nn.Module()
        self.patch_embed.norm = nn.LayerNorm(c)
        self.layers = nn.Sequential(*[SwinGroup(c, d, heads, window, ratio) for d in depths])
        self.norm = nn.LayerNorm(c)
        self.conv_after_body = convolution(c, c)
        self.upsampler = upsampler
        if upsampler == "pixelshuffle":
            self.conv_before_upsample = nn.Sequential(convolution(c, 64), nn.LeakyReLU())
            steps = [3] if scale == 3 else [2] * (scale.bit_length() - 1)
            self.upsample = nn.Sequential(*[
                part for step in steps
                for part in (convolution(64, 64 * step * step), nn.PixelShuffle(step))])
            self.conv_last = convolution(64, 3)
        elif upsampler == "pixelshuffledirect":
            self.upsample = nn.Sequential(
                convolution(c, 3 * scale * scale), nn.PixelShuffle(scale))
        else:
            self.conv_last = convolution(c, 3)

    def forward(self, images):
        height, width = images.shape[-2:]
        mean = torch.tensor([0.4488, 0.4371, 0.4040], device=images.device)[:, None, None].to(
            images.dtype)
        x = F.pad(images, (0, -width % self.window, 0, -height % self.window), "reflect") - mean
        x = x * self.range
        shallow = self.conv_first(x)
        y = self.layers(channels_last(self.patch_embed.norm, shallow))
        y = self.conv_after_body(channels_last(self.norm, y)) + shallow
        if self.upsampler == "pixelshuffle":
            y = self.conv_last(self.upsample(self.conv_before_upsample(y)))
        elif self.upsampler == "pixelshuffledirect":
            y = self.upsample(y)
        else:
            y = x + self.conv_last(y)
        return (y / self.range + mean)[:, :, : height * self.scale, : width * self.scale]


# Name in the recording: arguments of the tail.
TAILS = {
    "residual": ("", 1), "classical-2": ("pixelshuffle", 2), "classical-3": ("pixelshuffle", 3),
    "classical-4": ("pixelshuffle", 4), "lightweight-2": ("pixelshuffledirect", 2),
    "lightweight-3": ("pixelshuffledirect", 3), "lightweight-4": ("pixelshuffledirect", 4),
}


def check():
    """The numbers that the original gives for weights sin(0.7 rank + 0.13 index) / 10, known before."""
    model = SwinIR(12, [2], 3, window=4).double()
    state = model.state_dict()
    assert len(state) == 38, len(state)
    for rank, name in enumerate(sorted(state, key=lambda n: n.encode())):
        value = state[name]
        drawn = 0.1 * torch.sin(0.7 * rank + 0.13 * torch.arange(value.numel(), dtype=torch.float64))
        if value.dim() == 1 and name.endswith("weight"):
            drawn += 1
        value.copy_(drawn.reshape(value.shape))
    picture = torch.sin(0.1 * torch.arange(192, dtype=torch.float64)).reshape(1, 3, 8, 8)
    with torch.no_grad():
        output = model(picture)
    for found, known in (
        (output.sum(), -163.75534348), (output.square().sum(), 1267.31137781),
        (output[0, 0, 0, 0], -1.21437561),
    ):
        assert abs(found - known) < 1e-6 * abs(known), (found, known)
