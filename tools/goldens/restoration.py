"""Records what PyTorch computes with NAFNet, Restormer and SwinIR for the tests of the backbones.

    python tools/goldens/restoration.py Tests/BackbonesTests/Goldens

writes `nafnet.safetensors`, `restormer.safetensors`, `swinir.safetensors` and
`restoration-sizes.safetensors`. The networks are written here after their papers, with the names of the
published files (SwinIR in swinir.py); weights and inputs come from drawing.py, as in models.py, and
everything is computed in float64. Needs torch, numpy and safetensors.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from drawing import fill, images, noise, projections
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional as F

import swinir
from swinir import SwinIR, WindowAttention

VERSIONS = {"torch": torch.__version__, "format": "pt"}


class LayerNorm2d(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        y = (x - mean) / (variance + 1e-6).sqrt()
        return y * self.weight[:, None, None] + self.bias[:, None, None]


def local_mean(x, window):
    """Means of windows inside the map, the outer ones repeated towards the border."""
    height, width = x.shape[-2:]
    rows, columns = min(window, height), min(window, width)
    means = F.avg_pool2d(x, (rows, columns), stride=1)
    down, right = height - means.shape[-2], width - means.shape[-1]
    return F.pad(means, (right // 2, right - right // 2, down // 2, down - down // 2), "replicate")


class NAFBlock(nn.Module):
    def __init__(self, c, window=None):
        super().__init__()
        self.window = window
        self.conv1 = nn.Conv2d(c, 2 * c, 1)
        self.conv2 = nn.Conv2d(2 * c, 2 * c, 3, padding=1, groups=2 * c)
        self.conv3 = nn.Conv2d(c, c, 1)
        self.sca = nn.Sequential(nn.Identity(), nn.Conv2d(c, c, 1))
        self.conv4 = nn.Conv2d(c, 2 * c, 1)
        self.conv5 = nn.Conv2d(c, c, 1)
        self.norm1, self.norm2 = LayerNorm2d(c), LayerNorm2d(c)
        self.beta = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, c, 1, 1))

    def forward(self, x):
        first, second = self.conv2(self.conv1(self.norm1(x))).chunk(2, dim=1)
        s = first * second
        pooled = s.mean((2, 3), keepdim=True) if self.window is None else local_mean(s, self.window)
        y = x + self.conv3(s * self.sca(pooled)) * self.beta
        first, second = self.conv4(self.norm2(y)).chunk(2, dim=1)
        return y + self.conv5(first * second) * self.gamma


class NAFNet(nn.Module):
    def __init__(self, width, encoders, middle, decoders, crop=None):
        super().__init__()
        levels = len(encoders)
        self.unit = 2**levels

        def blocks(count, level):
            window = None if crop is None else (crop >> level) * int(crop * 1.5) // crop
            return nn.Sequential(*[NAFBlock(width << level, window) for _ in range(count)])

        self.intro = nn.Conv2d(3, width, 3, padding=1)
        self.ending = nn.Conv2d(width, 3, 3, padding=1)
        self.encoders = nn.ModuleList(blocks(n, i) for i, n in enumerate(encoders))
        self.downs = nn.ModuleList(
            nn.Conv2d(width << i, width << (i + 1), 2, 2) for i in range(levels))
        self.middle_blks = blocks(middle, levels)
        self.ups = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width << i, width << (i + 1), 1, bias=False), nn.PixelShuffle(2))
            for i in range(levels, 0, -1))
        self.decoders = nn.ModuleList(
            blocks(n, levels - 1 - i) for i, n in enumerate(decoders))

    def forward(self, images):
        height, width = images.shape[-2:]
        images = F.pad(images, (0, -width % self.unit, 0, -height % self.unit))
        x, skips = self.intro(images), []
        for encoder, down in zip(self.encoders, self.downs):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.middle_blks(x)
        for decoder, up, skip in zip(self.decoders, self.ups, reversed(skips)):
            x = decoder(up(x) + skip)
        return (self.ending(x) + images)[:, :, :height, :width]


class Body(nn.Module):
    """The norm over channels, whose weights stand one level deeper."""

    def __init__(self, channels, bias):
        super().__init__()
        self.body = nn.Module()
        self.body.weight = nn.Parameter(torch.ones(channels))
        if bias:
            self.body.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        sigma = (x.var(1, keepdim=True, unbiased=False) + 1e-5).sqrt()
        weight = self.body.weight[:, None, None]
        if hasattr(self.body, "bias"):
            return (x - mean) / sigma * weight + self.body.bias[:, None, None]
        return x / sigma * weight


class Attention(nn.Module):
    def __init__(self, c, heads):
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(c, 3 * c, 1, bias=False)
        self.qkv_dwconv = nn.Conv2d(3 * c, 3 * c, 3, padding=1, groups=3 * c, bias=False)
        self.project_out = nn.Conv2d(c, c, 1, bias=False)

    def forward(self, x):
        b, c, h, w = x.shape
        heads = self.temperature.shape[0]
        q, k, v = (
            part.reshape(b, heads, c // heads, h * w)
            for part in self.qkv_dwconv(self.qkv(x)).chunk(3, dim=1))
        q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
        weights = (q @ k.transpose(-2, -1) * self.temperature).softmax(-1)
        return self.project_out((weights @ v).reshape(b, c, h, w))


class FeedForward(nn.Module):
    def __init__(self, c):
        super().__init__()
        hidden = int(c * 2.66)
        self.project_in = nn.Conv2d(c, 2 * hidden, 1, bias=False)
        self.dwconv = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.project_out = nn.Conv2d(hidden, c, 1, bias=False)

    def forward(self, x):
        first, second = self.dwconv(self.project_in(x)).chunk(2, dim=1)
        return self.project_out(F.gelu(first) * second)


class RestormerBlock(nn.Module):
    def __init__(self, c, heads, bias):
        super().__init__()
        self.norm1, self.attn = Body(c, bias), Attention(c, heads)
        self.norm2, self.ffn = Body(c, bias), FeedForward(c)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.ffn(self.norm2(x))


class Step(nn.Module):
    def __init__(self, inputs, outputs, shuffle):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), shuffle)

    def forward(self, x):
        return self.body(x)


class Restormer(nn.Module):
    def __init__(self, dim, blocks, refinement, heads, bias):
        super().__init__()

        def stage(width, level, count=None):
            return nn.Sequential(*[
                RestormerBlock(width, heads[level], bias) for _ in range(count or blocks[level])])

        def down(c):
            return Step(c, c // 2, nn.PixelUnshuffle(2))

        def up(c):
            return Step(c, 2 * c, nn.PixelShuffle(2))

        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, dim, 3, padding=1, bias=False)
        self.encoder_level1, self.down1_2 = stage(dim, 0), down(dim)
        self.encoder_level2, self.down2_3 = stage(2 * dim, 1), down(2 * dim)
        self.encoder_level3, self.down3_4 = stage(4 * dim, 2), down(4 * dim)
        self.latent = stage(8 * dim, 3)
        self.up4_3, self.up3_2, self.up2_1 = up(8 * dim), up(4 * dim), up(2 * dim)
        self.reduce_chan_level3 = nn.Conv2d(8 * dim, 4 * dim, 1, bias=False)
        self.reduce_chan_level2 = nn.Conv2d(4 * dim, 2 * dim, 1, bias=False)
        self.decoder_level3, self.decoder_level2 = stage(4 * dim, 2), stage(2 * dim, 1)
        self.decoder_level1 = stage(2 * dim, 0)
        self.refinement = stage(2 * dim, 0, refinement)
        self.output = nn.Conv2d(2 * dim, 3, 3, padding=1, bias=False)

    def forward(self, images):
        level1 = self.encoder_level1(self.patch_embed.proj(images))
        level2 = self.encoder_level2(self.down1_2(level1))
        level3 = self.encoder_level3(self.down2_3(level2))
        x = self.latent(self.down3_4(level3))
        x = self.reduce_chan_level3(torch.cat([self.up4_3(x), level3], 1))
        x = self.decoder_level3(x)
        x = self.reduce_chan_level2(torch.cat([self.up3_2(x), level2], 1))
        x = self.decoder_level2(x)
        x = self.decoder_level1(torch.cat([self.up2_1(x), level1], 1))
        return self.output(self.refinement(x)) + images


def record(tensors, name, model, pictures):
    """The output, the length and the projections of every gradient, and the gradients that are small."""
    fill(model)
    model = model.double()
    output = model(pictures).permute(0, 2, 3, 1)
    (output * torch.from_numpy(noise(921, tuple(output.shape)))).sum().backward()
    tensors[f"{name}.output"] = output
    for path, parameter in model.named_parameters():
        tensors[f"{name}.norm.{path}"] = parameter.grad.norm()
        tensors[f"{name}.projection.{path}"] = projections(parameter.grad)
        if parameter.grad.numel() <= 64:
            tensors[f"{name}.gradient.{path}"] = parameter.grad


def measured(model, height, width):
    """Parameters, and multiply-accumulates of convolutions and of attention for one picture."""
    total, mixing = 0, 0

    def convolution(module, _, output):
        nonlocal total
        total += module.weight.numel() * output.shape[2] * output.shape[3]

    def attention(module, inputs, _):
        nonlocal mixing
        _, c, h, w = inputs[0].shape
        mixing += 2 * c * c // module.temperature.shape[0] * h * w

    def linear(module, _, output):
        nonlocal total
        total += module.weight.numel() * output.numel() // output.shape[-1]

    def windows(module, inputs, _):
        nonlocal mixing
        count, cells, c = inputs[0].shape
        mixing += 2 * count * cells * cells * c

    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(convolution)
        if isinstance(module, nn.Linear):
            module.register_forward_hook(linear)
        if isinstance(module, Attention):
            module.register_forward_hook(attention)
        if isinstance(module, WindowAttention):
            module.register_forward_hook(windows)
    with torch.no_grad():
        model(torch.zeros(1, 3, height, width, device="meta"))
    return sum(parameter.numel() for parameter in model.parameters()), total, mixing


def sizes():
    """The published layouts in full width, whose sizes are known, and in small width for the tests."""
    denoising = ([2, 2, 4, 8], 12, [2, 2, 2, 2])
    deblurring = ([1, 1, 1, 28], 1, [1, 1, 1, 1])
    transformer = ([4, 6, 6, 8], 4, [1, 2, 4, 8])
    tensors = {}
    with torch.device("meta"):
        for layout, width, count in (
            (denoising, 32, 29_159_715), (denoising, 64, 115_982_915),
            (deblurring, 32, 17_111_907), (deblurring, 64, 67_888_835),
        ):
            found, cost, _ = measured(NAFNet(width, *layout), 256, 256)
            assert found == count, (width, found)
            print("NAFNet", width, found, cost / 1e9, "GMAC")
        for bias, count in ((True, 26_126_644), (False, 26_111_668)):
            found, cost, _ = measured(Restormer(48, *transformer, bias), 256, 256)
            assert found == count, (bias, found)
            print("Restormer", found, cost / 1e9, "GMAC")
        for tail, count in (("residual", 11_504_163), ("classical-4", 11_900_199)):
            found, *costs = measured(SwinIR(180, [6] * 6, 6, 8, 2, *swinir.TAILS[tail]), 256, 256)
            assert found == count, (tail, found)
            # The papers count attention with the linear maps.
            print("SwinIR", tail, found, sum(costs) / 1e9, "GMAC")
        for tail, arguments in swinir.TAILS.items():
            light = "lightweight" in tail
            model = SwinIR(60 if light else 180, [6] * (4 if light else 6), 6, 8, 2, *arguments)
            tensors[f"swinir-{tail}"] = torch.tensor(
                measured(model, 64, 48), dtype=torch.float64, device="cpu")
            print("SwinIR", tail, int(tensors[f"swinir-{tail}"][0]))
        for name, model in (
            ("denoising", NAFNet(8, *denoising)), ("deblurring", NAFNet(8, *deblurring)),
            ("with-bias", Restormer(16, *transformer, True)),
            ("without-bias", Restormer(16, *transformer, False)),
        ):
            tensors[name] = torch.tensor(measured(model, 64, 48), dtype=torch.float64, device="cpu")
    return tensors


def save(path, tensors):
    arrays = {
        name: np.asarray(value.detach().numpy(), dtype=np.float32, order="C")
        for name, value in tensors.items()
    }
    save_file(arrays, path, metadata=VERSIONS)
    print(path, path.stat().st_size)


def main(folder):
    tensors = {}
    record(tensors, "plain", NAFNet(4, [1, 2], 1, [2, 1]), images(920, 2, 11, 14))
    record(tensors, "local", NAFNet(4, [1, 1], 1, [1, 1], crop=8), images(922, 1, 22, 13))
    save(folder / "nafnet.safetensors", tensors)

    tensors = {}
    for name, bias in (("with-bias", True), ("without-bias", False)):
        model = Restormer(8, [1, 2, 1, 1], 1, [1, 2, 4, 8], bias)
        record(tensors, name, model, images(923, 2, 16, 8))
    save(folder / "restormer.safetensors", tensors)

    swinir.check()
    tensors = {}
    for name, arguments in swinir.TAILS.items():
        model = SwinIR(12, [2], 3, 4, 2, *arguments)
        record(tensors, name, model, images(924, 2, 9, 7))
    # As published for compression: windows of 7, values 0...255.
    model = SwinIR(12, [2], 3, 7, 2, "", 1, 255)
    record(tensors, "compression", model, images(924, 2, 9, 12))
    save(folder / "swinir.safetensors", tensors)
    save(folder / "restoration-sizes.safetensors", sizes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
