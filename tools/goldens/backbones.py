"""Records what the reference implementations of the backbones compute, for Tests/BackbonesTests.

    python tools/goldens/backbones.py Tests/BackbonesTests/Goldens [vision_transformers ...]

writes `backbones-*.safetensors` into the given folder. Weights and inputs are not stored: both sides
make them from `noise` (tools/goldens/models.py), so the files stay small. Everything is computed in
float64 from float32 values.

timm is the reference for vision transformers, Swin transformers, BEiT and MobileNetV2. No package
ships IBN-a, insightface's iResNet or PETALface's Swin transformer: their classes below are written
from the descriptions of the published models, and `check` compares them with forward results that
were recorded from the originals. Needs torch, timm, torchvision and safetensors; the versions that
were used are kept in the metadata of each file.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
from models import fill, images, noise, projections, save
from timm.models.beit import Beit
from timm.models.mobilenetv3 import MobileNetV3  # noqa: F401  (timm registers its factories)
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import VisionTransformer, resample_abs_pos_embed
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet


def record(tensors, name, model, pictures, rank, output, whole=()):
    """Stores the output and, for a seed of noise, length and projections of every parameter's gradient.

    Gradients of at most 256 values are stored whole, and so are those named in `whole`.
    """
    model.zero_grad()
    found = output(model, pictures)
    seed = torch.from_numpy(noise(rank, tuple(found.shape)))
    (found * seed).sum().backward()
    tensors[f"{name}.output"] = found
    for path, parameter in model.named_parameters():
        if parameter.grad is None:
            continue
        tensors[f"{name}.norm.{path}"] = parameter.grad.norm()
        tensors[f"{name}.projection.{path}"] = projections(parameter.grad)
        if parameter.grad.numel() <= 256 or path in whole:
            tensors[f"{name}.gradient.{path}"] = parameter.grad


def pooled(model, pictures):
    return model.forward_head(model.forward_features(pictures), pre_logits=True)


def whole(model, pictures):
    return model(pictures)


def prepared(model):
    fill(model)
    return model.double().eval()


def vision_transformers(folder):
    """Every choice of a plain transformer and BEiT's shape."""
    tensors = {}
    base = dict(img_size=(32, 16), patch_size=8, embed_dim=24, depth=2, num_heads=3)
    for name, more in {
        "mean-norm": dict(global_pool="avg", num_classes=4),
        "registers": dict(reg_tokens=3, no_embed_class=True, init_values=1e-5, num_classes=0),
        "prefix-positions": dict(reg_tokens=2, num_classes=0),
        "no-class": dict(class_token=False, global_pool="avg", num_classes=0, fc_norm=False),
    }.items():
        model = prepared(VisionTransformer(**base, **more))
        record(tensors, name, model, images(900, 2, 32, 16), 901, pooled)
    model = prepared(Beit(
        **base, num_classes=4, use_abs_pos_emb=False, use_rel_pos_bias=True, init_values=0.1))
    record(tensors, "beit", model, images(900, 2, 32, 16), 901, pooled)
    model = prepared(Beit(
        **base, num_classes=0, use_abs_pos_emb=False, use_rel_pos_bias=False,
        use_shared_rel_pos_bias=True, init_values=0.1, global_pool="token"))
    record(
        tensors, "shared", model, images(900, 2, 32, 16), 901,
        lambda m, x: m.forward_features(x)[:, 1:].mean(1))
    # Positions of a rectangular grid for another one, both ways, and for one of as many places.
    for index, (old, new) in enumerate(
            (((4, 2), (6, 5)), ((14, 14), (16, 8)), ((16, 8), (7, 7)), ((16, 8), (8, 16)))):
        value = torch.from_numpy(noise(902, (1, 1 + old[0] * old[1], 4)).astype(np.float32))
        tensors[f"positions.{index}"] = resample_abs_pos_embed(
            value, new_size=list(new), old_size=list(old), num_prefix_tokens=1)
    save(folder / "backbones-vit.safetensors", tensors)


def swin_transformers(folder):
    tensors = {}
    for name, size, more in (
        ("square", (32, 32), dict(window_size=4)),
        ("rectangle", (64, 32), dict(window_size=4)),
        ("padded", (40, 24), dict(window_size=3)),
    ):
        model = prepared(SwinTransformer(
            img_size=size, patch_size=2, embed_dim=8, depths=(2, 2, 1), num_heads=(1, 2, 4),
            num_classes=0, **more))
        record(tensors, name, model, images(903, 2, *size), 904, pooled)
    model = SwinTransformer(
        img_size=32, patch_size=2, embed_dim=8, depths=(2, 1), num_heads=(1, 2), num_classes=0,
        window_size=4)
    # ISR's feature layer behind the pooling.
    model.feat = nn.Linear(16, 6)
    model = prepared(model)
    record(
        tensors, "isr", model, images(903, 2, 32, 32), 904, lambda m, x: m.feat(pooled(m, x)))
    save(folder / "backbones-swin.safetensors", tensors)


def petal_face_network(side, patch):
    """PETALface's Swin, small: no window is masked, and a head reads the whole map of the last stage."""
    model = SwinTransformer(
        img_size=side, patch_size=patch, embed_dim=8, depths=(2, 2), num_heads=(1, 2), num_classes=0,
        window_size=4)
    for stage in model.layers:
        for block in stage.blocks:
            block.attn_mask = None
    cells = (side // patch) ** 2
    model.absolute_pos_embed = nn.Parameter(torch.zeros(1, cells, 8))
    # Merging leaves a quarter of the cells with twice the channels.
    width = cells // 4 * 16
    model.feature_layer = nn.Sequential(
        nn.BatchNorm1d(width), nn.Dropout(0.25), nn.Linear(width, 6), nn.BatchNorm1d(6))
    return model


def petal_face(folder):
    model = petal_face_network(24, 3)
    model = prepared(model)

    def run(model, pictures):
        x = model.patch_embed(pictures)
        x = x + model.absolute_pos_embed.reshape(1, 8, 8, 8)
        return model.feature_layer(model.norm(model.layers(x)).flatten(1))

    tensors = {}
    record(tensors, "petalface", model, images(905, 2, 24, 24), 906, run)
    save(folder / "backbones-petalface.safetensors", tensors)


class SplitNorm(nn.Module):
    """IBN-a: instance norm for the first half of the channels, batch norm for the second."""

    def __init__(self, planes):
        super().__init__()
        self.half = planes // 2
        self.IN = nn.InstanceNorm2d(self.half, affine=True)
        self.BN = nn.BatchNorm2d(planes - self.half)

    def forward(self, x):
        return torch.cat(
            [self.IN(x[:, : self.half].contiguous()), self.BN(x[:, self.half :].contiguous())], 1)


def mixed_residual(blocks):
    model = ResNet(Bottleneck, blocks)
    model.fc = nn.Identity()
    for stage in (model.layer1, model.layer2, model.layer3):
        for block in stage:
            block.bn1 = SplitNorm(block.bn1.num_features)
    return model


class FaceBlock(nn.Module):
    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.prelu = nn.PReLU(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes)
        self.downsample = None
        if stride != 1 or inputs != planes:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return y + (x if self.downsample is None else self.downsample(x))


FACE_DEPTHS = {
    "iresnet18": [2, 2, 2, 2], "iresnet50": [3, 4, 14, 3], "iresnet100": [3, 13, 30, 3]}


class FaceResNet(nn.Module):
    """insightface's iResNet for squares of 112 pixels."""

    def __init__(self, blocks, features=512, side=7):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU(64)
        inputs = 64
        for index, (planes, count) in enumerate(zip((64, 128, 256, 512), blocks)):
            stage = []
            for block in range(count):
                stage.append(FaceBlock(inputs, planes, 2 if block == 0 else 1))
                inputs = planes
            setattr(self, f"layer{index + 1}", nn.Sequential(*stage))
        self.bn2 = nn.BatchNorm2d(512)
        self.fc = nn.Linear(512 * side * side, features)
        self.features = nn.BatchNorm1d(features)
        self.features.weight.requires_grad_(False)

    def forward(self, x):
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.features(self.fc(self.bn2(x).flatten(1)))


def formula(module, amplitude):
    """The fill behind the published forward results below."""
    tensors = {
        name: value for name, value in module.state_dict().items()
        if not name.endswith(("num_batches_tracked", "relative_position_index", "attn_mask"))
    }
    for rank, name in enumerate(sorted(tensors, key=lambda n: n.encode())):
        value = tensors[name]
        index = np.arange(value.numel())
        drawn = amplitude * np.sin(0.7 * rank + 0.13 * index)
        if name.endswith("running_var") or (value.dim() == 1 and name.endswith("weight")):
            drawn = drawn + 1
        with torch.no_grad():
            value.copy_(torch.from_numpy(drawn.reshape(tuple(value.shape))))
    return module.eval()


def wave(height, width):
    return torch.sin(0.1 * torch.arange(3 * height * width, dtype=torch.float64)).reshape(
        1, 3, height, width)


def check():
    """Compares the classes above with results of the original repositories."""
    with torch.no_grad():
        # The classifier takes part in the fill, not in the result.
        model = mixed_residual([1, 1, 1, 1])
        model.fc = nn.Linear(2048, 1)
        model = formula(model.double(), 0.02)
        model.avgpool = model.fc = nn.Identity()
        found = model(wave(64, 32))
        sums = np.array([found.sum().item(), (found**2).sum().item()])
        assert np.allclose(sums, [219.10650906, 40.84420962], atol=1e-6), sums
        found = formula(FaceResNet([1, 1, 1, 1]).double(), 0.02)(wave(112, 112))
        sums = np.array([found.sum().item(), (found**2).sum().item()])
        assert np.allclose(sums, [0.44598646, 0.29856268], atol=1e-6), sums


def convolutional(folder):
    tensors = {}
    model = prepared(mixed_residual([1, 1, 1, 1]))
    record(tensors, "ibn", model, images(907, 2, 64, 32), 908, whole)
    # As ReID uses it, and as later versions of fast-reid do.
    model = prepared(mixed_residual([1, 1, 1, 1]))
    model.layer4[0].conv2.stride = model.layer4[0].downsample[0].stride = (1, 1)
    record(tensors, "ibn-stride1", model, images(907, 2, 64, 32), 908, whole)
    model.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
    # One side that the stem halves to an odd number, one to an even one.
    record(tensors, "ibn-fastreid", model, images(907, 2, 66, 32), 908, whole)
    model = prepared(FaceResNet([1, 1, 2, 1], features=8, side=2))
    record(tensors, "face", model, images(909, 2, 32, 32), 912, whole)
    import timm

    model = prepared(timm.create_model("mobilenetv2_100", num_classes=0))
    for stage in model.blocks:
        del stage[1:]
    model = prepared(model)
    record(tensors, "mobile", model, images(1014, 2, 32, 32), 914, pooled)
    # The numbers of a training pass: statistics of the batch.
    for name, net, pictures, rank in (
        ("ibn", mixed_residual([1, 1, 1, 1]), images(907, 4, 64, 32), 908),
        # Of the pictures tried, those that keep units away from the bend of their activations, where
        # single precision may fall on the other side.
        ("face", FaceResNet([1, 1, 1, 1], features=8, side=2), images(1014, 4, 32, 32), 912),
    ):
        fill(net)
        net = net.double().train()
        record(tensors, f"{name}-training", net, pictures, rank, whole)
    save(folder / "backbones-convolutional.safetensors", tensors)


def costs(folder):
    """Parameters and multiply-accumulates of whole networks, by counting in hooks."""
    import json

    import timm

    found = {}
    for name in (
        "vit_tiny_patch16_224", "vit_small_patch16_224", "vit_base_patch16_224",
        "vit_large_patch16_224", "vit_small_patch14_dinov2", "vit_base_patch14_dinov2",
        "vit_small_patch14_reg4_dinov2", "beit_base_patch16_224", "swin_tiny_patch4_window7_224",
        "swin_small_patch4_window7_224", "swin_base_patch4_window7_224", "resnet50",
        "mobilenetv2_100", "resnet50_ibn_a", "iresnet18", "iresnet50", "iresnet100",
    ):
        classes, side = 1000, 224
        if name.startswith("iresnet"):
            model, classes, side = FaceResNet(FACE_DEPTHS[name]), 0, 112
        elif name == "resnet50_ibn_a":
            model, classes = mixed_residual([3, 4, 6, 3]), 0
        elif "dinov2" in name:
            model, classes, side = timm.create_model(name), 0, 518
        else:
            model = timm.create_model(name)
        total = 0

        def count(module, _, output):
            nonlocal total
            if isinstance(module, nn.Conv2d):
                total += output.numel() * module.weight[0].numel()
            else:
                total += output.numel() * module.in_features

        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.register_forward_hook(count)
            if hasattr(module, "fused_attn"):
                module.fused_attn = False
            # BEiT applies the map of query, key and value by hand.
            if hasattr(module, "qkv") and getattr(module, "q_bias", None) is not None:
                module.qkv.bias = None
        with torch.no_grad():
            model.eval()(torch.zeros(1, 3, side, side))
        if name == "beit_base_patch16_224":
            total += 12 * 197 * 3 * 768 * 768
        found[name] = {
            "parameters": sum(p.numel() for p in model.parameters()), "classes": classes,
            "side": side, "multiplyAccumulates": int(total),
            "entries": len(model.state_dict()),
        }
        print(name, found[name])
    path = folder / "costs.json"
    path.write_text(json.dumps(
        {"versions": {"torch": torch.__version__, "timm": timm.__version__}, "networks": found},
        indent=0) + "\n")


def main():
    torch.manual_seed(0)
    folder = Path(sys.argv[1])
    check()
    for step in (vision_transformers, swin_transformers, petal_face, convolutional, costs):
        if not sys.argv[2:] or step.__name__ in sys.argv[2:]:
            step(folder)


if __name__ == "__main__":
    main()
