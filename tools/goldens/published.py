"""Records the names under which libraries and repositories publish networks, and what they compute.

    python tools/goldens/published.py Tests/BackbonesTests/Goldens

writes `published.json`, which holds the names and shapes of a small weight file in every form, and
`published.safetensors` with the features of noise. Weights are not stored: both sides fill the file by
`noise` (tools/goldens/models.py), rank by rank of the published names. torchvision and transformers read
their files themselves; for repositories that no package ships (DINOv2, MAE, SimMIM, PETALface, fast-reid)
the names are those of their code, and timm's or torchvision's network computes. Needs torch, timm,
torchvision, transformers and safetensors; the versions are in the metadata.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import torch
from backbones import mixed_residual, petal_face_network
from models import VERSIONS, fill, images, save
import torchvision
import transformers
from safetensors.torch import load_file, save_file
from timm.models.beit import Beit
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import VisionTransformer
from torch import nn

VERSIONS["transformers"] = transformers.__version__
FORMS, TENSORS = {}, {}
SMALL = dict(patch=8, width=24, depths=[2], heads=[3], mlpRatio=2)
WINDOWS = dict(patch=2, width=8, depths=[2, 1], heads=[2, 4], window=[4, 4])
TIMM = dict(img_size=32, patch_size=8, embed_dim=24, depth=2, num_heads=3, mlp_ratio=2)


class File(nn.Module):
    """A weight file as a module, so that `fill` fills it."""

    def __init__(self, shapes):
        super().__init__()
        self.tensors = {name: torch.zeros(shape) for name, shape in shapes.items()}

    def state_dict(self):
        return self.tensors


def form(name, entry, options, shapes, features, ignored=(), side=32):
    """Fills a file of these names and records the features that `features(file, pictures)` makes.

    `ignored` are names that belong to no tensor of the network here.
    """
    shapes = {key: list(shape) for key, shape in shapes.items()}
    counters = [key for key in shapes if key.endswith("num_batches_tracked")]
    filled = {
        key: shape for key, shape in shapes.items() if key not in counters and key not in ignored}
    file = File(filled)
    fill(file)
    whole = dict(file.tensors)
    for key in shapes:
        if key in counters:
            whole[key] = torch.tensor(0)
        elif key in ignored:
            whole[key] = torch.zeros(shapes[key])
    with torch.no_grad():
        TENSORS[name] = features(whole, images(900, 2, side, side).float())
    FORMS[name] = {
        "entry": entry, "options": {"image": [side, side], **options}, "tensors": filled,
        "ignored": {key: shapes[key] for key in ignored}, "counters": counters}


def loaded(model, tensors):
    model.load_state_dict(tensors, strict=True)
    return model.eval()


def shapes_of(model):
    return {name: value.shape for name, value in model.state_dict().items()}


def pooled(model, x):
    return model.forward_head(model.forward_features(x), pre_logits=True)


def from_torchvision():
    vit = torchvision.models.VisionTransformer(32, 8, 2, 3, 24, 48, num_classes=3)

    def token(file, x):
        model = loaded(vit, file)
        x = model._process_input(x)
        return model.encoder(torch.cat([model.class_token.expand(len(x), -1, -1), x], 1))[:, 0]

    options = {**SMALL, "classes": 3, "pooling": "token"}
    names = shapes_of(vit)
    form("torchvision-vit", "vit_base_patch16_224", options, names, token)
    # Its own reader takes these for files that state no version.
    older = {
        name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): shape
        for name, shape in names.items()}
    form("torchvision-vit-older", "vit_base_patch16_224", options, older, token)

    swin = torchvision.models.SwinTransformer(
        [2, 2], 8, [2, 1], [2, 4], [4, 4], num_classes=3)
    names = shapes_of(swin)
    index = {n: v for n, v in swin.state_dict().items() if n.endswith("relative_position_index")}

    def mean(file, x):
        model = loaded(swin, {**file, **index})
        return model.norm(model.features(x)).mean((1, 2))

    form(
        "torchvision-swin", "swin_tiny_patch4_window7_224", {**WINDOWS, "classes": 3}, names, mean,
        list(index))

    # In full, because one list counts the blocks of all stages.
    mobile = torchvision.models.MobileNetV2(num_classes=3)
    options = {"classes": 3}
    form(
        "torchvision-mobilenet", "mobilenetv2_100", options, shapes_of(mobile),
        lambda file, x: loaded(mobile, file).features(x).mean((2, 3)))

    # Before torchvision 0.5 the norm stood beside its convolution.
    def older_name(name):
        def flat(match):
            part, inner = int(match[2]), int(match[3])
            return f"{match[1]}.conv.{3 * part + inner}."

        nested = re.sub(r"^(features\.\d+)\.conv\.(\d)\.(\d)\.", flat, name)
        if nested != name:
            return nested

        def last(match):
            first = match[1] == "features.1"
            return f"{match[1]}.conv.{int(match[2]) + (2 if first else 4)}."

        return re.sub(r"^(features\.\d+)\.conv\.(\d)\.", last, name)

    names = {older_name(name): name for name in shapes_of(mobile)}
    assert len(names) == len(shapes_of(mobile)), names
    form(
        "torchvision-mobilenet-older", "mobilenetv2_100", options,
        {older_name(name): shape for name, shape in shapes_of(mobile).items()},
        lambda file, x: loaded(
            mobile, {names[key]: value for key, value in file.items()}).features(x).mean((2, 3)))


def from_transformers():
    plain = dict(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, image_size=32, patch_size=8)
    vit = transformers.ViTForImageClassification(
        transformers.ViTConfig(intermediate_size=48, num_labels=3, layer_norm_eps=1e-5, **plain))
    bare = transformers.ViTModel(
        transformers.ViTConfig(intermediate_size=48, layer_norm_eps=1e-5, **plain))
    dino = transformers.Dinov2Model(transformers.Dinov2Config(mlp_ratio=2, **plain))
    registers = transformers.Dinov2WithRegistersModel(
        transformers.Dinov2WithRegistersConfig(mlp_ratio=2, num_register_tokens=2, **plain))
    windows = dict(
        image_size=32, patch_size=2, embed_dim=8, depths=[2, 1], num_heads=[2, 4], window_size=4)
    swin = transformers.SwinForImageClassification(
        transformers.SwinConfig(num_labels=3, **windows))
    masked = transformers.SwinForMaskedImageModeling(
        transformers.SwinConfig(encoder_stride=4, **windows))

    def token(model, x):
        return getattr(model, "vit", model)(x).last_hidden_state[:, 0]

    def mean(model, x):
        return model.swin(x).last_hidden_state.mean(1)

    options = {**SMALL, "pooling": "token"}
    for name, model, entry, more, features, ignored in (
        ("vit", vit, "vit_base_patch16_224", {**options, "classes": 3, "epsilon": 1e-5}, token, ""),
        ("vit-bare", bare, "vit_base_patch16_224", {**options, "epsilon": 1e-5}, token, r"^pooler\."),
        ("dinov2", dino, "vit_base_patch14_dinov2", options, token, "mask_token"),
        ("dinov2-registers", registers, "vit_small_patch14_reg4_dinov2",
         {**options, "registers": 2}, token, "mask_token"),
        ("swin", swin, "swin_tiny_patch4_window7_224", {**WINDOWS, "classes": 3}, mean, "_index$"),
        ("swin-masked", masked, "swin_tiny_patch4_window7_224", WINDOWS, mean,
         r"_index$|mask_token|^decoder\."),
    ):
        # As the library writes its files.
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            stored = load_file(Path(folder) / "model.safetensors")

            def read(file, x, model=model, folder=folder, features=features):
                save_file(
                    {k: v.contiguous() for k, v in file.items()},
                    Path(folder) / "model.safetensors", metadata={"format": "pt"})
                again, report = type(model).from_pretrained(folder, output_loading_info=True)
                assert not report["missing_keys"] and not report["unexpected_keys"], report
                return features(again.eval(), x)

            shapes = {key: value.shape for key, value in stored.items()}
            form(
                f"transformers-{name}", entry, more, shapes, read,
                [key for key in shapes if ignored and re.search(ignored, key)])
        # As version 5 of the library has them in memory.
        shapes = shapes_of(model)
        if set(shapes) == set(stored):
            continue
        form(
            f"transformers-{name}-current", entry, more, shapes,
            lambda file, x: features(loaded(model, file), x),
            [key for key in shapes if ignored and re.search(ignored, key)])


def from_repositories():
    options = {**SMALL, "pooling": "token"}
    model = VisionTransformer(**TIMM, num_classes=0, init_values=1e-5)
    form(
        "dinov2", "vit_base_patch14_dinov2", options,
        {**shapes_of(model), "mask_token": (1, 24)},
        lambda file, x: pooled(
            loaded(model, {k: v for k, v in file.items() if k != "mask_token"}), x),
        ["mask_token"])
    registers = VisionTransformer(
        **TIMM, num_classes=0, init_values=1e-5, reg_tokens=2, no_embed_class=True)
    shapes = shapes_of(registers)
    shapes["register_tokens"] = shapes.pop("reg_token")
    shapes["pos_embed"] = (1, 17, 24)

    def with_registers(file, x):
        file = {k: v for k, v in file.items() if k != "mask_token"}
        positions = file.pop("pos_embed")
        file["reg_token"] = file.pop("register_tokens")
        file["cls_token"] = file["cls_token"] + positions[:, :1]
        return pooled(loaded(registers, {**file, "pos_embed": positions[:, 1:]}), x)

    form(
        "dinov2-registers", "vit_small_patch14_reg4_dinov2", {**options, "registers": 2},
        {**shapes, "mask_token": (1, 24)}, with_registers, ["mask_token"])

    model = VisionTransformer(**TIMM, num_classes=0)
    decoder = {
        "mask_token": (1, 1, 8), "decoder_pos_embed": (1, 17, 8), "decoder_embed.weight": (8, 24),
        "decoder_embed.bias": (8,), "decoder_blocks.0.norm1.weight": (8,),
        "decoder_blocks.0.attn.qkv.weight": (24, 8), "decoder_norm.weight": (8,),
        "decoder_pred.weight": (192, 8), "decoder_pred.bias": (192,)}
    form(
        "mae", "vit_base_patch16_224", options, {**shapes_of(model), **decoder},
        lambda file, x: pooled(
            loaded(model, {k: v for k, v in file.items() if k not in decoder}), x), list(decoder))

    # SimMIM's transformer pools nothing itself; the mean of its patch tokens is the feature here.
    shared = Beit(
        **TIMM, num_classes=0, use_abs_pos_emb=False, use_rel_pos_bias=False,
        use_shared_rel_pos_bias=True, init_values=0.1, global_pool="token")
    own = {n: v.shape for n, v in shared.state_dict().items() if "_index" not in n}
    buffers = {
        "encoder.rel_pos_bias.relative_position_index": (17, 17), "encoder.mask_token": (1, 1, 24),
        "decoder.0.weight": (192, 24, 1, 1), "decoder.0.bias": (192,)}

    def masked(file, x):
        tensors = {k.removeprefix("encoder."): v for k, v in file.items() if k not in buffers}
        missing, unexpected = shared.load_state_dict(tensors, strict=False)
        assert all("_index" in name for name in missing) and not unexpected
        return shared.eval().forward_features(x)[:, 1:].mean(1)

    form(
        "simmim-vit", "simmim_vit_base_patch16_224", SMALL,
        {**{f"encoder.{n}": s for n, s in own.items()}, **buffers}, masked, list(buffers))

    tuned = Beit(
        **TIMM, num_classes=3, use_abs_pos_emb=False, use_rel_pos_bias=True, init_values=0.1,
        global_pool="avg")
    own = {n: v.shape for n, v in tuned.state_dict().items() if "_index" not in n}
    index = {f"blocks.{i}.attn.relative_position_index": (17, 17) for i in range(2)}

    def fine_tuned(file, x):
        tensors = {k: v for k, v in file.items() if k not in index}
        missing, unexpected = tuned.load_state_dict(tensors, strict=False)
        assert all("_index" in name for name in missing) and not unexpected
        return pooled(tuned.eval(), x)

    form(
        "simmim-vit-tuned", "beit_base_patch16_224", {**SMALL, "classes": 3}, {**own, **index},
        fine_tuned, list(index))

    def official(name):
        return re.sub(
            r"^layers\.(\d+)\.downsample", lambda m: f"layers.{int(m[1]) - 1}.downsample", name)

    swin = SwinTransformer(
        img_size=32, patch_size=2, embed_dim=8, depths=(2, 1), num_heads=(2, 4), window_size=4,
        num_classes=0)
    names = {f"encoder.{official(n)}": n for n in swin.state_dict()}
    buffers = {
        "encoder.layers.0.blocks.0.attn.relative_position_index": (16, 16),
        "encoder.layers.0.blocks.1.attn_mask": (16, 16, 16), "encoder.mask_token": (1, 1, 8),
        "decoder.0.weight": (48, 16, 1, 1), "decoder.0.bias": (48,)}
    form(
        "simmim-swin", "swin_tiny_patch4_window7_224", WINDOWS,
        {**{key: swin.state_dict()[n].shape for key, n in names.items()}, **buffers},
        lambda file, x: pooled(
            loaded(swin, {n: file[key] for key, n in names.items()}), x), list(buffers))

    petal_face(official)

    model = mixed_residual([1, 1, 1, 1])
    model.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
    model.layer4[0].conv2.stride = model.layer4[0].downsample[0].stride = (1, 1)
    form(
        "fast-reid", "resnet50_ibn_a_fastreid", {"depths": [1] * 4}, shapes_of(model),
        lambda file, x: loaded(model, file)(x), side=64)


def petal_face(official):
    """PETALface's release: merging at the end of a stage, the head called feature_layer."""
    model = petal_face_network(32, 2)
    names = {official(name): name for name in model.state_dict()}
    buffers = {
        f"layers.{i}.blocks.{j}.attn.relative_position_index": (16, 16)
        for i in range(2) for j in range(2)}
    buffers.update({
        "layers.0.blocks.1.attn_mask": (16, 16, 16), "layers.1.blocks.1.attn_mask": (4, 16, 16)})

    def features(file, x):
        loaded(model, {name: file[key] for key, name in names.items()})
        x = model.patch_embed(x)
        x = x + model.absolute_pos_embed.reshape(1, 16, 16, 8)
        return model.feature_layer(model.norm(model.layers(x)).flatten(1))

    form(
        "petalface", "petalface_swin",
        {**WINDOWS, "depths": [2, 2], "heads": [1, 2], "featureLayer": 6},
        {**{key: model.state_dict()[n].shape for key, n in names.items()}, **buffers}, features,
        list(buffers))


def main():
    torch.manual_seed(0)
    folder = Path(sys.argv[1])
    for step in (from_torchvision, from_transformers, from_repositories):
        step()
    # In float32, as the readers of the libraries compute.
    save(folder / "published.safetensors", TENSORS)
    path = folder / "published.json"
    path.write_text(json.dumps({"versions": VERSIONS, "forms": FORMS}, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
