"""Weights, pictures and directions that the scripts of this folder and the Swift tests draw alike.

Needs torch and numpy alone.
"""

import numpy as np
import torch


def noise(rank, shape):
    """Numbers in [-1, 1) that depend on a rank and the row-major position alone, exact in float32."""
    count = int(np.prod(shape)) if len(shape) else 1
    z = np.arange(count, dtype=np.uint64) + np.uint64((rank + 1) << 40)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) / 2**23 - 1).reshape(shape)


def fill(module):
    """Sets every tensor by its rank among the names sorted by bytes, in ranges that keep a net alive."""
    tensors = {
        name: value
        for name, value in module.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    for rank, name in enumerate(sorted(tensors, key=lambda n: n.encode())):
        value = tensors[name]
        drawn = noise(rank, tuple(value.shape))
        if name.endswith("running_var"):
            drawn = 1 + 0.5 * drawn
        elif value.dim() == 1 and name.endswith("weight"):
            drawn = 1 + 0.25 * drawn
        elif value.dim() == 1:
            drawn = 0.125 * drawn
        elif name in ("cls_token", "pos_embed"):
            drawn = 0.5 * drawn
        else:
            drawn = drawn * np.sqrt(3 / np.prod(value.shape[1:]))
        with torch.no_grad():
            value.copy_(torch.from_numpy(drawn.astype(np.float32)))


def images(rank, batch, height, width):
    """The same pictures as the tests draw: noise of [batch, height, width, 3], here NCHW."""
    drawn = torch.from_numpy(noise(rank, (batch, height, width, 3)))
    return drawn.permute(0, 3, 1, 2).contiguous()


def projections(gradient):
    """What two vectors of noise say about a gradient: unlike its length, they change with its order."""
    return torch.stack([
        (gradient.double() * torch.from_numpy(noise(rank, tuple(gradient.shape)))).sum()
        for rank in (1_000_001, 1_000_002)])
