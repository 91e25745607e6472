#!/usr/bin/env python3
"""Records scores and gradients of CNNIQA in PyTorch.

    python3 tools/goldens/quality.py > Tests/QualityTests/Goldens/quality.json

Needs torch; its version is stored. No weights are stored: with the names sorted, value i of tensor
k, row by row, is 0.08 * sin(0.7 k + 0.13 i). Value j of the pictures, [2, 3, 20, 17] row by row, is
0.5 + 0.5 * sin(0.1 j + 0.001 j^2 mod 6).
"""

import json
import math

import torch
from torch import nn


class CNNIQA(nn.Module):
    """The network as the PyTorch form of the paper defines it."""

    def __init__(self, kernel=7, filters=50, width=800):
        super().__init__()
        self.conv1 = nn.Conv2d(3, filters, kernel)
        self.fc1 = nn.Linear(2 * filters, width)
        self.fc2 = nn.Linear(width, width)
        self.fc3 = nn.Linear(width, 1)
        self.dropout = nn.Dropout()

    def forward(self, picture):
        h = self.conv1(picture)
        largest = nn.functional.adaptive_max_pool2d(h, 1)
        smallest = -nn.functional.adaptive_max_pool2d(-h, 1)
        h = torch.cat((largest, smallest), 1).flatten(1)
        h = self.dropout(torch.relu(self.fc1(h)))
        return self.fc3(torch.relu(self.fc2(h)))


def main():
    model = CNNIQA().eval()
    count = sum(p.numel() for p in model.parameters())
    named = dict(model.named_parameters())
    for k, name in enumerate(sorted(named)):
        i = torch.arange(named[name].numel(), dtype=torch.float64)
        value = 0.08 * torch.sin(0.7 * k + 0.13 * i)
        named[name].data = value.reshape(named[name].shape).float()
    total = 2 * 3 * 20 * 17
    values = [0.5 + 0.5 * math.sin(0.1 * j + math.fmod(0.001 * j * j, 6)) for j in range(total)]
    pictures = torch.tensor(values, dtype=torch.float64).float().reshape(2, 3, 20, 17)
    scores = model(pictures)
    (scores[:, 0] * torch.tensor([1.0, -2.0])).sum().backward()
    gradients = {
        name: {
            "norm": float(parameter.grad.double().norm()),
            "first": [float(x) for x in parameter.grad.flatten()[:8]],
        }
        for name, parameter in named.items()
    }
    print(
        json.dumps(
            {
                "torch": torch.__version__,
                "count": count,
                "scores": [float(x) for x in scores[:, 0]],
                "gradients": gradients,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
