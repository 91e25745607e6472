"""The benchmark's training and inference steps in PyTorch: eager, fused AdamW, the faster layout."""
import re

import torchvision_on_cpu  # noqa: F401  (before timm)
import numpy
import timm
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import nn

import classification
import restoration
from small_network import SmallNetwork


class Network(nn.Module):
    """A backbone with the mask token, the pixel head and the embedding head of pretraining."""

    def __init__(self, name, extent):
        super().__init__()
        self.is_transformer = name.startswith("vit")
        if self.is_transformer:
            self.backbone = timm.create_model(
                f"{name}_patch16_224", img_size=extent, num_classes=0)
        elif name == "resnet50":
            self.backbone = timm.create_model(name, num_classes=0)
        else:
            self.backbone = SmallNetwork(16)
        width = self.backbone.num_features
        self.embedding = nn.Linear(width, 128)
        self.decoder = nn.Linear(width, 3 * 16 * 16)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.02)

    def features(self, images):
        if self.is_transformer:
            return self.backbone.forward_features(images)[:, 1:].mean(1)
        return self.backbone(images)

    def embeddings(self, images):
        return F.normalize(self.embedding(self.features(images)))

    def reconstruction(self, images, hidden):
        """Pictures of which the patches marked in `hidden` [batch, patches] were replaced."""
        vit, grid = self.backbone, (images.shape[2] // 16, images.shape[3] // 16)
        tokens = vit.patch_embed(images)
        hidden = hidden.unsqueeze(-1)
        tokens = tokens * (1 - hidden) + self.token * hidden
        tokens = torch.cat([vit.cls_token.expand(len(images), -1, -1), tokens], 1) + vit.pos_embed
        tokens = self.decoder(vit.norm(vit.blocks(tokens))[:, 1:])
        return F.pixel_shuffle(tokens.transpose(1, 2).unflatten(2, grid), 16)


def masks(count, height, width, generator):
    """60 % of the 32-pixel squares, as marks of 16-pixel patches, [count, patches]."""
    rows, columns = height // 32, width // 32
    order = torch.rand(count, rows * columns, generator=generator).argsort(1)
    marks = (order < -(-rows * columns * 6 // 10)).float().reshape(count, rows, columns)
    return marks.repeat_interleave(2, 1).repeat_interleave(2, 2).flatten(1)


def pair_loss(embeddings, first, second):
    """Contrast of matched rows against all others, each weighted by its own probability."""
    similarity = embeddings @ embeddings.T / 0.1
    similarity = similarity.masked_fill(torch.eye(len(embeddings), dtype=torch.bool), -torch.inf)
    logarithms = similarity.log_softmax(1)
    chosen = torch.cat([logarithms[first, second], logarithms[second, first]])
    return -(chosen.detach().exp() * chosen).mean()


def prepare(arguments):
    kind, name, height, width, letter, count = re.fullmatch(
        r"(\w+(?:-cached)?)-(\w+)-(\d+)x(\d+)-([bn])(\d+)", arguments.figure).groups()
    height, width, count = int(height), int(width), int(count)
    torch.set_num_threads(arguments.threads)
    if kind == "colora":
        import restoration_adapters

        return restoration_adapters.prepare(int(name.partition("_w")[2]), (height, width), count)
    if name.startswith("nafnet"):
        return restoration.prepare(kind, int(name.partition("_w")[2]), (height, width), count)
    # What a frozen part makes of pictures is kept on our side alone; peft has nothing of the kind.
    kind = kind.removesuffix("-cached")
    if kind in ("train", "lora", "lora4"):
        return classification.prepare(kind, name, (height, width), count)
    generator = torch.Generator().manual_seed(0)
    network = Network(name, (height, width))
    images = torch.randn(count, 3, height, width, generator=generator)
    clean = torch.randn(count, 3, height, width, generator=generator)
    if not network.is_transformer:
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
        clean = clean.contiguous(memory_format=torch.channels_last)
    library = f"PyTorch {torch.__version__}"
    if kind == "infer":
        del clean
        return inference(network.eval(), images), count, library
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=0.05, fused=True)

    def learn(loss, clip):
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimizer.step()

    if kind == "simmim":
        del clean
        hidden = masks(count, height, width, generator)
        grid = (height // 16, width // 16)

        def step():
            pixels = hidden.unflatten(1, grid).repeat_interleave(16, 1).repeat_interleave(16, 2)
            difference = F.l1_loss(network.reconstruction(images, hidden), images, reduction="none")
            learn((difference * pixels.unsqueeze(1)).sum() / (pixels.sum() + 1e-5) / 3, 5)
    else:
        pairs = 5 if count == 70 else 2
        half = count // (2 * pairs)

        def step():
            with torch.inference_mode():
                view = network.embeddings(clean).numpy()
            first, second = [], []
            for start in range(0, count, 2 * half):
                x, y = view[start:start + half], view[start + half:start + 2 * half]
                rows, columns = linear_sum_assignment(x @ y.T, maximize=True)
                first.append(rows + start)
                second.append(columns + start + half)
            first, second = numpy.concatenate(first), numpy.concatenate(second)
            learn(pair_loss(network.embeddings(images), first, second), 1)

    return step, count, library


def inference(network, images):
    def step():
        with torch.inference_mode():
            network.features(images)

    return step
