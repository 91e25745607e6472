"""Records what PyTorch, timm and torchvision compute for the tests of the core rooms.

    python tools/goldens/models.py Tests/BackbonesTests/Goldens

writes `*.safetensors` and `names.json` into the given folder. Weights and inputs are not stored:
both sides make them from `noise`, so the files stay small. Everything is computed in float64 from
float32 values. Needs torch, timm, torchvision and safetensors; the versions that were used are kept
in the metadata of each file.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

if torch.version.cuda is None and torch.__version__ >= "2":
    # A torchvision built for CUDA stops at two operators that a CPU-only torch does not have.
    _library = torch.library.Library("torchvision", "DEF")
    for _name in ("nms", "qnms"):
        _library.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import timm
import torchvision
from drawing import fill, images, noise, projections
from safetensors.numpy import save_file
from timm.models.vision_transformer import VisionTransformer
from torchvision.models.resnet import Bottleneck, ResNet

VERSIONS = {
    "torch": torch.__version__,
    "timm": timm.__version__,
    "torchvision": torchvision.__version__,
    "format": "pt",
}


def save(path, tensors, extra=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        name: np.asarray(value.detach().numpy(), dtype=np.float32, order="C")
        for name, value in tensors.items()
    }
    save_file(arrays, path, metadata={**VERSIONS, **(extra or {})})
    print(path, path.stat().st_size)


def vision_transformers(folder):
    tensors = {}
    for pooling in ("token", "avg"):
        model = VisionTransformer(
            img_size=(32, 16), patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=5,
            global_pool=pooling, fc_norm=False,
        )
        fill(model)
        model = model.double().eval()
        output = model(images(900, 2, 32, 16))
        seed = torch.from_numpy(noise(901, tuple(output.shape)))
        (output * seed).sum().backward()
        tensors[f"{pooling}.output"] = output
        for name, parameter in model.named_parameters():
            if pooling == "token":
                tensors[f"{pooling}.gradient.{name}"] = parameter.grad
            else:
                tensors[f"{pooling}.norm.{name}"] = parameter.grad.norm()
                tensors[f"{pooling}.projection.{name}"] = projections(parameter.grad)
    save(folder / "vision-transformer.safetensors", tensors)


def residual_networks(folder):
    model = ResNet(Bottleneck, [1, 1, 1, 1], num_classes=5)
    fill(model)
    model = model.double().train()
    # With these pictures no value that is rectified comes closer to 0 than 9e-6: single precision
    # rectifies the same ones, and no gradient jumps.
    output = model(images(915, 4, 64, 32))
    seed = torch.from_numpy(noise(911, tuple(output.shape)))
    (output * seed).sum().backward()
    tensors = {"output": output, "gradient.conv1.weight": model.conv1.weight.grad}
    for name, parameter in model.named_parameters():
        tensors[f"norm.{name}"] = parameter.grad.norm()
        tensors[f"projection.{name}"] = projections(parameter.grad)
        if parameter.grad.numel() <= 256:
            tensors[f"gradient.{name}"] = parameter.grad
    for name, buffer in model.named_buffers():
        if not name.endswith("num_batches_tracked"):
            tensors[f"buffer.{name}"] = buffer
    with torch.no_grad():
        tensors["evaluation"] = model.eval()(images(915, 4, 64, 32))
    save(folder / "resnet.safetensors", tensors)


def names(folder):
    """Names and shapes of whole published networks, as text."""
    networks = {
        "vit_tiny_patch16_224": timm.create_model(
            "vit_tiny_patch16_224", num_classes=0, global_pool="avg", fc_norm=False,
            img_size=(256, 128),
        ),
        "resnet50": torchvision.models.resnet50(),
    }
    found = {
        network: {name: list(value.shape) for name, value in model.state_dict().items()}
        for network, model in networks.items()
    }
    for name in ("fc.weight", "fc.bias"):
        del found["resnet50"][name]
    path = folder / "names.json"
    path.write_text(json.dumps({"versions": VERSIONS, "networks": found}, indent=0) + "\n")
    print(path, path.stat().st_size)


def operations(folder):
    tensors = {}

    def leaf(rank, shape, scale=1.0):
        return torch.from_numpy(noise(rank, shape) * scale).requires_grad_()

    def record(name, output, inputs, view=lambda x: x):
        """Stores the output and the gradients for a seed of noise in the layout of the tests."""
        shown = view(output)
        seed = torch.from_numpy(noise(999, tuple(shown.shape)))
        (shown * seed).sum().backward()
        tensors[f"{name}.output"] = shown
        for index, value in enumerate(inputs):
            tensors[f"{name}.gradient{index}"] = value.grad

    for name, tokens, has_bias in (("attention", 7, False), ("attention-bias", 7, True),
                                   ("attention-long", 150, False)):
        batch, heads, width = 2, 2, 5
        qkv = leaf(920, (batch, tokens, 3 * heads * width), 2.0)
        bias = leaf(921, (1, heads, tokens, tokens)) if has_bias else None
        q, k, v = qkv.reshape(batch, tokens, 3, heads, width).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) * 0.5
        if has_bias:
            scores = scores + bias
        output = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, heads * width)
        record(name, output, [qkv] + ([bias] if has_bias else []))

    for name, size, channels, outputs, kernel, stride, padding, groups in (
        ("convolution", (2, 6, 5), 4, 6, 3, 1, 1, 1),
        ("convolution-strided", (2, 7, 6), 3, 5, 3, 2, 1, 1),
        ("convolution-grouped", (2, 6, 5), 4, 6, 3, 2, 1, 2),
        ("convolution-depthwise", (2, 6, 5), 4, 4, 3, 1, 1, 4),
        ("convolution-stem", (1, 12, 9), 3, 8, 7, 2, 3, 1),
        ("convolution-pointwise-strided", (2, 5, 6), 4, 3, 1, 2, 0, 1),
    ):
        x = leaf(930, (size[0], size[1], size[2], channels))
        weight = leaf(931, (outputs, channels // groups, kernel, kernel))
        bias = leaf(932, (outputs,))
        output = torch.nn.functional.conv2d(
            x.permute(0, 3, 1, 2), weight, bias, stride=stride, padding=padding, groups=groups)
        record(name, output, [x, weight, bias], lambda y: y.permute(0, 2, 3, 1))

    x, weight, bias = leaf(940, (3, 4, 24), 3.0), leaf(941, (24,)), leaf(942, (24,))
    output = torch.nn.functional.layer_norm(x, (24,), weight, bias, 1e-6)
    record("layer-normalisation", output, [x, weight, bias])

    x, weight, bias = leaf(950, (3, 4, 5, 6), 3.0), leaf(951, (6,)), leaf(952, (6,))
    output = torch.nn.functional.batch_norm(
        x.permute(0, 3, 1, 2), None, None, weight, bias, True, 0.1, 1e-5)
    record("batch-normalisation", output, [x, weight, bias], lambda y: y.permute(0, 2, 3, 1))

    x = leaf(960, (4, 9), 4.0)
    record("gaussian-error-linear", torch.nn.functional.gelu(x), [x])
    x = leaf(961, (4, 9), 4.0)
    record("l2-normalisation", torch.nn.functional.normalize(x, dim=-1), [x])
    x = leaf(962, (4, 9), 4.0)
    loss = torch.nn.functional.cross_entropy(
        x, torch.tensor([3, 0, 8, 5]), label_smoothing=0.1)
    record("cross-entropy", loss, [x])
    x = leaf(963, (2, 7, 6, 4))
    record("maximum-pooling", torch.nn.functional.max_pool2d(
        x.permute(0, 3, 1, 2), 3, 2, 1), [x], lambda y: y.permute(0, 2, 3, 1))
    x = leaf(964, (1, 2, 3, 12))
    record("pixel-shuffle", torch.nn.functional.pixel_shuffle(
        x.permute(0, 3, 1, 2), 2), [x], lambda y: y.permute(0, 2, 3, 1))
    save(folder / "operations.safetensors", tensors)


def adamw(folder):
    """Three steps on a decayed matrix and an exempt vector; a fourth under another beta and clip."""
    tensors = {}
    for name, betas, epsilon, clip in (("plain", (0.9, 0.999), 1e-8, None),
                                       ("clipped", (0.8, 0.95), 1e-6, 0.5)):
        matrix = torch.nn.Parameter(torch.from_numpy(noise(970, (4, 3))))
        vector = torch.nn.Parameter(torch.from_numpy(noise(971, (5,))))
        optimizer = torch.optim.AdamW(
            [{"params": [matrix], "weight_decay": 0.05}, {"params": [vector], "weight_decay": 0.0}],
            betas=betas, eps=epsilon, foreach=False)
        for step in range(3):
            matrix.grad = torch.from_numpy(noise(980 + step, (4, 3)))
            vector.grad = torch.from_numpy(noise(990 + step, (5,)))
            if clip:
                torch.nn.utils.clip_grad_norm_([matrix, vector], clip)
            for group in optimizer.param_groups:
                group["lr"] = 0.01 * (step + 1)
            optimizer.step()
            tensors[f"{name}.{step}.matrix"] = matrix.detach().clone()
            tensors[f"{name}.{step}.vector"] = vector.detach().clone()
    save(folder / "adamw.safetensors", tensors)


def main():
    torch.manual_seed(0)
    folder = Path(sys.argv[1])
    for record in (vision_transformers, residual_networks, names, operations, adamw):
        record(folder)


if __name__ == "__main__":
    main()
