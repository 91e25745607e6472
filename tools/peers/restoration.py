"""NAFNet in PyTorch: a training step and inference.

Written after its paper (L. Chen et al., "Simple Baselines for Image Restoration", 2022) in the published
layout for motion blur; channel attention averages the whole picture.
"""
import torch
import torch.nn.functional as F
from torch import nn


class LayerNorm2d(nn.Module):
    """Normalises the channels of each pixel."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        # Channels-last pictures hold the channels of a pixel side by side, as the fused norm wants them.
        y = F.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, 1e-6)
        return y.permute(0, 3, 1, 2)


def gate(x):
    first, second = x.chunk(2, 1)
    return first * second


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm1, self.norm2 = LayerNorm2d(c), LayerNorm2d(c)
        self.conv1 = nn.Conv2d(c, 2 * c, 1)
        self.conv2 = nn.Conv2d(2 * c, 2 * c, 3, padding=1, groups=2 * c)
        self.attention = nn.Conv2d(c, c, 1)
        self.conv3 = nn.Conv2d(c, c, 1)
        self.conv4 = nn.Conv2d(c, 2 * c, 1)
        self.conv5 = nn.Conv2d(c, c, 1)
        self.beta = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, c, 1, 1))

    def forward(self, x):
        y = gate(self.conv2(self.conv1(self.norm1(x))))
        y = y * self.attention(F.adaptive_avg_pool2d(y, 1))
        x = x + self.conv3(y) * self.beta
        return x + self.conv5(gate(self.conv4(self.norm2(x)))) * self.gamma


class NAFNet(nn.Module):
    def __init__(self, width, encoder=(1, 1, 1, 28), middle=1, decoder=(1, 1, 1, 1)):
        super().__init__()
        self.intro = nn.Conv2d(3, width, 3, padding=1)
        self.ending = nn.Conv2d(width, 3, 3, padding=1)
        self.encoders, self.decoders = nn.ModuleList(), nn.ModuleList()
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        c = width
        for count in encoder:
            self.encoders.append(nn.Sequential(*[Block(c) for _ in range(count)]))
            self.downs.append(nn.Conv2d(c, 2 * c, 2, 2))
            c *= 2
        self.middle = nn.Sequential(*[Block(c) for _ in range(middle)])
        for count in decoder:
            self.ups.append(nn.Sequential(nn.Conv2d(c, 2 * c, 1, bias=False), nn.PixelShuffle(2)))
            c //= 2
            self.decoders.append(nn.Sequential(*[Block(c) for _ in range(count)]))

    def forward(self, image):
        x, skips = self.intro(image), []
        for encoder, down in zip(self.encoders, self.downs):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.middle(x)
        for up, decoder, skip in zip(self.ups, self.decoders, reversed(skips)):
            x = decoder(up(x) + skip)
        return self.ending(x) + image


def prepare(kind, width, extent, count):
    network = NAFNet(width).to(memory_format=torch.channels_last)
    images = torch.rand(count, 3, *extent).contiguous(memory_format=torch.channels_last)
    library = f"PyTorch {torch.__version__}"
    if kind == "infer":
        network.eval()

        def infer():
            with torch.inference_mode():
                network(images)

        return infer, count, library
    truth = torch.rand(count, 3, *extent).contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.l1_loss(network(images), truth).backward()
        optimizer.step()

    return step, count, library
