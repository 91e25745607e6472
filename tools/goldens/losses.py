"""Records what PyTorch computes for the supervised losses.

    python tools/goldens/losses.py Tests/LossesTests/Goldens

writes `supervised.safetensors`: inputs, values and gradients in float64 stored as float32, each by the
code form of the published implementation it stands for (named at each function). Needs torch and
safetensors; their versions are kept in the metadata.
"""

import sys
from pathlib import Path

import safetensors
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

TENSORS = {}


def record(name, loss, **inputs):
    """Keeps a loss and its gradient with respect to every input that has one."""
    loss.backward()
    TENSORS[f"{name}.loss"] = loss.detach().reshape(1)
    for key, value in inputs.items():
        TENSORS[f"{name}.{key}"] = value.detach().clone()
        if value.grad is not None:
            TENSORS[f"{name}.{key}.gradient"] = value.grad.clone()


def drawn(*shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float32).double().requires_grad_()


PERSONS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2])


def triplet(x, margin):
    """reid-strong-baseline: euclidean_dist and hard_example_mining."""
    square = x.pow(2).sum(1, keepdim=True)
    distance = (square + square.t() - 2 * x @ x.t()).clamp(min=1e-12).sqrt()
    same = PERSONS[:, None] == PERSONS[None]
    positive = distance.masked_fill(~same, -1).max(1).values
    negative = distance.masked_fill(same, 1e9).min(1).values
    target = torch.ones_like(positive)
    if margin is None:
        return torch.nn.SoftMarginLoss()(negative - positive, target)
    return torch.nn.MarginRankingLoss(margin=margin)(negative, positive, target)


def circle(x, margin, gamma):
    """fast-reid: pairwise_circleloss."""
    x = F.normalize(x, dim=1)
    cosine = x @ x.t()
    count = len(PERSONS)
    positive = (PERSONS[:, None] == PERSONS[None]).double() - torch.eye(count)
    negative = (PERSONS[:, None] != PERSONS[None]).double()
    sp, sn = cosine * positive, cosine * negative
    ap = torch.clamp_min(-sp.detach() + 1 + margin, 0.0)
    an = torch.clamp_min(sn.detach() + margin, 0.0)
    lp = -gamma * ap * (sp - (1 - margin)) - 99999999.0 * (1 - positive)
    ln = gamma * an * (sn - margin) - 99999999.0 * (1 - negative)
    return F.softplus(torch.logsumexp(lp, 1) + torch.logsumexp(ln, 1)).mean()


def centre(x, centres):
    """reid-strong-baseline: CenterLoss."""
    distance = (x[:, None] - centres[None]).pow(2).sum(2)
    mask = F.one_hot(PERSONS, len(centres))
    return (distance * mask).sum() / len(x)


CLASSES = torch.tensor([2, 0, 1, 3])


def margin_softmax(cosine, kind):
    """insightface losses.py (CosFace, ArcFace), AdaFace head.py, fast-reid CircleSoftmax."""
    s = 16.0
    onehot = F.one_hot(CLASSES, cosine.shape[1]).double()
    if kind == "cosine":
        return F.cross_entropy(s * (cosine - 0.4 * onehot), CLASSES)
    if kind == "angle.exact":
        bent = torch.cos(torch.acos(cosine) + 0.5)
        return F.cross_entropy(s * torch.where(onehot > 0, bent, cosine), CLASSES)
    if kind == "angle.straight":
        with torch.no_grad():
            bent = torch.cos(torch.acos(cosine) + 0.5) - cosine
        return F.cross_entropy(s * (cosine + bent * onehot), CLASSES)
    if kind == "adaptive.exact":
        z = torch.tensor([-1.0, -0.25, 0.5, 1.0], dtype=torch.float64)[:, None]
        angle = torch.acos(cosine) + (-0.4 * z) * onehot
        bent = torch.cos(torch.clip(angle, 1e-3, torch.pi - 1e-3)) - (0.4 + 0.4 * z) * onehot
        return F.cross_entropy(s * bent, CLASSES)
    m = 0.35
    ap = torch.clamp_min(-cosine.detach() + 1 + m, 0.0)
    an = torch.clamp_min(cosine.detach() + m, 0.0)
    logits = torch.where(onehot > 0, s * ap * (cosine - (1 - m)), s * an * (cosine - m))
    return F.cross_entropy(logits, CLASSES)


def main(folder):
    for name, margin in [("triplet.hard", 0.3), ("triplet.soft", None)]:
        x = drawn(8, 5, seed=1)
        record(name, triplet(x, margin), features=x)
    x = drawn(8, 5, seed=2)
    record("circle", circle(x, 0.25, 32.0), features=x)
    x, centres = drawn(8, 5, seed=3), drawn(3, 5, seed=4)
    record("centre", centre(x, centres), features=x, centres=centres)
    for kind in ["cosine", "angle.exact", "angle.straight", "adaptive.exact", "circle"]:
        raw = drawn(4, 6, seed=5)
        cosine = torch.tanh(raw).detach().requires_grad_()
        record(f"margin.{kind}", margin_softmax(cosine, kind), cosines=cosine)
    # BasicSR and NAFNet: CharbonnierLoss, PSNRLoss, L1Loss.
    for name in ["absolute", "charbonnier", "peakSignal"]:
        x = drawn(2, 3, 4, 3, seed=6)
        target = drawn(2, 3, 4, 3, seed=7).detach()
        difference = x - target
        loss = {
            "absolute": lambda: difference.abs().mean(),
            "charbonnier": lambda: torch.sqrt(difference**2 + 1e-12).mean(),
            "peakSignal": lambda: (10 / torch.log(torch.tensor(10.0, dtype=torch.float64)))
            * torch.log((difference**2).mean(dim=(1, 2, 3)) + 1e-8).mean(),
        }[name]()
        record(f"restoration.{name}", loss, prediction=x, target=target)
    scores = drawn(4, 6, seed=8)
    record("smoothed", F.cross_entropy(scores, CLASSES, label_smoothing=0.1), scores=scores)
    save_file(
        {name: value.float().contiguous() for name, value in TENSORS.items()},
        str(Path(folder) / "supervised.safetensors"),
        metadata={"torch": torch.__version__, "safetensors": safetensors.__version__},
    )


if __name__ == "__main__":
    main(sys.argv[1])
