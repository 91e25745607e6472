"""Reference networks of tools/model-parity: those of timm, and those that tools/goldens describes.

Each is made with noise for weights, in ranges that keep a network alive, and with the description that
`config.json` gives of it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "goldens"))
import backbones  # noqa: F401  first of all: it makes timm load beside a CPU-only torch

HALVES = [0.5] * 3
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])

# Catalogued name: title in the tables. Those of timm are built by timm under the same name.
TIMM = {
    "vit_tiny_patch16_224": "ViT-T", "vit_small_patch16_224": "ViT-S",
    "vit_base_patch16_224": "ViT-B", "vit_large_patch16_224": "ViT-L",
    "vit_small_patch14_dinov2": "DINOv2-S", "vit_base_patch14_dinov2": "DINOv2-B",
    "vit_small_patch14_reg4_dinov2": "DINOv2-S with registers", "beit_base_patch16_224": "BEiT-B",
    "swin_tiny_patch4_window7_224": "Swin-T", "swin_small_patch4_window7_224": "Swin-S",
    "swin_base_patch4_window7_224": "Swin-B", "resnet50": "ResNet-50",
    "mobilenetv2_100": "MobileNetV2",
}
DESCRIBED = {
    "simmim_vit_base_patch16_224": "SimMIM's ViT-B", "isr_swin_base": "ISR's Swin-B",
    "petalface_swin": "PETALface's Swin", "petalface_swin_masked": "PETALface's Swin, masked",
    "resnet50_stride1": "ResNet-50, last stride 1",
    "resnet50_fastreid": "fast-reid's ResNet-50", "resnet50_ibn_a": "ResNet-50-IBN-a",
    "resnet50_ibn_a_stride1": "ResNet-50-IBN-a, last stride 1",
    "resnet50_ibn_a_fastreid": "fast-reid's ResNet-50-IBN-a", "iresnet18": "iResNet-18",
    "iresnet50": "iResNet-50", "iresnet100": "iResNet-100",
}
NETWORKS = {**TIMM, **DESCRIBED}
# Those that one multiply-accumulates count makes slow: they get fewer photographs when time is taken.
LARGE = {
    "vit_large_patch16_224", "vit_small_patch14_dinov2", "vit_base_patch14_dinov2",
    "vit_small_patch14_reg4_dinov2",
}
RESTORATION = {
    "nafnet_w32": "NAFNet, width 32", "nafnet_w64": "NAFNet, width 64",
    "nafnet_w32_deblur": "NAFNet for blur, width 32", "nafnet_w64_deblur": "NAFNet for blur, width 64",
    "restormer": "Restormer", "restormer_denoise": "Restormer for noise",
    "swinir": "SwinIR", "swinir_jpeg": "SwinIR for JPEG", "swinir_light": "SwinIR, light",
    "swinir_x2": "SwinIR ×2", "swinir_x3": "SwinIR ×3", "swinir_x4": "SwinIR ×4",
    "swinir_light_x2": "SwinIR ×2, light", "swinir_light_x3": "SwinIR ×3, light",
    "swinir_light_x4": "SwinIR ×4, light",
}


def residual(name):
    """torchvision's network, or IBN-a's, as ReID or fast-reid runs it."""
    from torch import nn
    from torchvision.models.resnet import Bottleneck, ResNet

    if "ibn_a" in name:
        model = backbones.mixed_residual([3, 4, 6, 3])
    else:
        model = ResNet(Bottleneck, [3, 4, 6, 3])
        model.fc = nn.Identity()
    if name.endswith(("_stride1", "_fastreid")):
        model.layer4[0].conv2.stride = model.layer4[0].downsample[0].stride = (1, 1)
    if name.endswith("_fastreid"):
        model.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
    return model, model, 224, IMAGENET, {}


def described(name):
    """A network that no package ships: module, its features, side of its pictures, mean and deviation, and
    what only config.json's `swift_vision` says."""
    import timm
    import torch
    from torch import nn

    if name.startswith("iresnet"):
        model = backbones.FaceResNet(backbones.FACE_DEPTHS[name])
        return model, model, 112, (HALVES, HALVES), {}
    if name.startswith("resnet50"):
        return residual(name)
    if name.startswith("simmim"):
        model = timm.models.beit.Beit(
            num_classes=0, use_abs_pos_emb=False, use_rel_pos_bias=False, init_values=0.1,
            use_shared_rel_pos_bias=True, global_pool="token")
        return model, lambda x: model.forward_features(x)[:, 1:].mean(1), 224, IMAGENET, {}
    if name == "isr_swin_base":
        model = timm.create_model("swin_base_patch4_window7_224", num_classes=0)
        model.feat = nn.Linear(1024, 512)
        return model, lambda x: model.feat(model.forward_head(model.forward_features(x))), 224, \
            IMAGENET, {"feature_layer": 512}
    model = timm.models.swin_transformer.SwinTransformer(
        img_size=120, patch_size=6, embed_dim=384, depths=(2, 18, 2), num_heads=(8, 16, 16),
        num_classes=0, window_size=5)
    if name == "petalface_swin":
        for stage in model.layers:
            for block in stage.blocks:
                block.attn_mask = None
    model.absolute_pos_embed = nn.Parameter(torch.zeros(1, 400, 384))
    model.feature_layer = nn.Sequential(
        nn.BatchNorm1d(38_400), nn.Dropout(0.25), nn.Linear(38_400, 512), nn.BatchNorm1d(512))

    def features(x):
        x = model.patch_embed(x) + model.absolute_pos_embed.reshape(1, 20, 20, 384)
        return model.feature_layer(model.norm(model.layers(x)).flatten(1))

    return model, features, 120, (HALVES, HALVES), {}


def network(name, classes=None):
    """Module, its features, and its description, which is None where timm writes it itself."""
    import timm

    if name in TIMM:
        model = timm.create_model(name, **({} if classes is None else {"num_classes": classes}))

        def features(x):
            return model.forward_head(model.forward_features(x), pre_logits=True)

        return model.eval(), features, None
    model, features, side, (mean, std), own = described(name)
    config = {
        "architecture": name, "num_classes": 0,
        "pretrained_cfg": {
            "input_size": [3, side, side], "interpolation": "bilinear", "crop_pct": 1.0,
            "crop_mode": "center", "mean": list(mean), "std": list(std)},
        "swift_vision": {"embedding": 0, "origin": "noise", **own}}
    if not name.startswith(("resnet50", "iresnet")):
        # Convolutions take pictures of any size, transformers are built for one.
        config["model_args"] = {"img_size": side}
    return model.eval(), features, config


def restorer(name):
    """A restoration network of published size."""
    import swinir
    from restoration import NAFNet, Restormer

    if name.startswith("nafnet"):
        width = int(name[8:10])
        if name.endswith("_deblur"):
            return NAFNet(width, [1, 1, 1, 28], 1, [1, 1, 1, 1], crop=256)
        return NAFNet(width, [2, 2, 4, 8], 12, [2, 2, 2, 2])
    if name.startswith("restormer"):
        return Restormer(48, [4, 6, 6, 8], 4, [1, 2, 4, 8], name == "restormer")
    if name == "swinir_jpeg":
        return swinir.SwinIR(180, [6] * 6, 6, 7, 2, "", 1, 255)
    light = "_light" in name
    scale = name.rsplit("_x", 1)[1] if "_x" in name else None
    tail = "residual" if scale is None else f"{'lightweight' if light else 'classical'}-{scale}"
    return swinir.SwinIR(
        60 if light else 180, [6] * (4 if light else 6), 6, 8, 2, *swinir.TAILS[tail])
