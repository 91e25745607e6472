"""CoLoRA's step on NAFNet in PyTorch: peft's LoRA with a rank for each convolution.

peft has no CoLoRA. The fair other side is its LoRA on the same convolutions with the ranks that the same
budget gives, and the same small tensors (biases, norms, gains, depthwise kernels) trained in full.
"""
import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from torch import nn

from restoration import NAFNet


def plain(network):
    """Convolutions without groups, by path: those that get factors."""
    return {path: module for path, module in network.named_modules()
            if isinstance(module, nn.Conv2d) and module.groups == 1}


def small(network):
    """Paths of the parameters that are trained in full."""
    weights = {f"{path}.weight" for path in plain(network)}
    return [path for path, _ in network.named_parameters() if path not in weights]


def ranks(network, budget):
    """Ranks of equal contributions: factors of each convolution hold the same share of its numbers."""
    sizes = {path: (module.out_channels, module.weight[0].numel())
             for path, module in plain(network).items()}
    total = sum(parameter.numel() for parameter in network.parameters())
    parameters = dict(network.named_parameters())
    fixed = sum(parameters[path].numel() for path in small(network))

    def of(share):
        return {path: min(max(round(share * rows * columns / (rows + columns)), 1), rows, columns)
                for path, (rows, columns) in sizes.items()}

    def count(share):
        return fixed + sum(min(rank * sum(sizes[path]), sizes[path][0] * sizes[path][1])
                           for path, rank in of(share).items())

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if count(middle) <= budget * total else (low, middle)
    return of(low)


def prepare(width, extent, count):
    network = NAFNet(width)
    chosen, tuned = ranks(network, 0.07), set(small(network))
    anchored = {f"^{path.replace('.', chr(92) + '.')}$": rank for path, rank in chosen.items()}
    adapted = get_peft_model(network, LoraConfig(
        r=max(chosen.values()), lora_alpha=max(chosen.values()), target_modules=list(chosen),
        rank_pattern=anchored, alpha_pattern=anchored))
    for path, parameter in adapted.named_parameters():
        own = path.removeprefix("base_model.model.").replace(".base_layer.", ".")
        if own in tuned:
            parameter.requires_grad = True
    adapted = adapted.to(memory_format=torch.channels_last).train()
    images = torch.rand(count, 3, *extent).contiguous(memory_format=torch.channels_last)
    truth = torch.rand(count, 3, *extent).contiguous(memory_format=torch.channels_last)
    trained = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.l1_loss(adapted(images), truth).backward()
        optimizer.step()

    return step, count, f"PyTorch {torch.__version__}"
