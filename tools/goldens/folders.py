"""Records model folders as timm, transformers and the original repositories write them.

    python tools/goldens/folders.py Tests/TrainingTests/Goldens

makes one folder for each kind, with tiny networks, and in it `expected.safetensors`: pictures of noise
`[2, height, width, 3]` and the features that the writing library computes for them. Needs torch, timm,
transformers and safetensors; the versions are in the metadata of each expectation.

    python tools/goldens/folders.py check FOLDER

opens every folder in FOLDER, written by the tool-kit, with the library that its name begins with
(`timm-`, `shared-` for SimMIM's transformer, which timm builds but does not name, or
`transformers-`), strictly, and prints the largest difference between the library's
features and those in its `expected.safetensors`, over the largest feature, as a JSON object. What the
library saves again goes to `again/` in each folder; `types.safetensors` beside the folders is copied
tensor by tensor to `types-again.safetensors`.
"""

import json
import re
import shutil
import sys
from pathlib import Path

# Where tools/python keeps a version of transformers that the rest of its packages do not suit.
sys.path[:0] = [str(Path(sys.prefix) / "apart"), str(Path(__file__).parent)]

import numpy as np
import torch
from models import VERSIONS, fill, noise
import timm
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file

VERSIONS["transformers"] = transformers.__version__


def expect(folder, features, height, width):
    """Stores pictures and what `features` makes of them."""
    drawn = noise(77, (2, height, width, 3)).astype(np.float32)
    pictures = torch.from_numpy(drawn)
    with torch.no_grad():
        found = features(pictures.permute(0, 3, 1, 2).contiguous())
    save_file(
        {"pictures": pictures, "features": found.contiguous()},
        folder / "expected.safetensors", metadata=VERSIONS)


def timm_folder(folder, name, size, **arguments):
    model = timm.create_model(name, img_size=size, **arguments)
    fill(model)
    model.eval()
    timm.models.save_for_hf(model, folder, safe_serialization=True)
    expect(
        folder, lambda x: model.forward_head(model.forward_features(x), pre_logits=True), *size)
    return model


def transformers_folder(folder, kind, size):
    configuration = transformers.ViTConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=48,
        image_size=list(size), patch_size=8, num_labels=3, layer_norm_eps=1e-5)
    model = kind(configuration).eval()
    fill(model)
    model.save_pretrained(folder)
    transformers.ViTImageProcessor(
        size={"height": size[0], "width": size[1]}).save_pretrained(folder)
    network = getattr(model, "vit", model)
    expect(folder, lambda x: network(x).last_hidden_state[:, 0], *size)


def transformers_variant(folder, model, size, features):
    """A bare network of that library with the preparation of DINOv2's files, or of Swin's."""
    model = model.eval()
    fill(model)
    model.save_pretrained(folder)
    statistics = dict(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    sides = {"height": size[0], "width": size[1]}
    if isinstance(model, transformers.SwinModel):
        processor = transformers.ViTImageProcessor(size=sides, resample=3, **statistics)
    else:
        processor = transformers.BitImageProcessor(
            size={"shortest_edge": 40}, crop_size=sides, **statistics)
    processor.save_pretrained(folder)
    expect(folder, lambda x: features(model(x).last_hidden_state), *size)


def official_swin(folder, model, features):
    """Renames timm's tensors to the names of the original repository, inside ISR's model."""
    tensors = {}
    for name, value in model.state_dict().items():
        name = re.sub(
            r"layers\.(\d+)\.downsample", lambda m: f"layers.{int(m[1]) - 1}.downsample", name)
        tensors["model." + name] = value.clone()
    tensors["model.layers.0.blocks.1.attn_mask"] = torch.zeros(2, 4, 4)
    tensors["model.layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(
        4, 4, dtype=torch.int64)
    tensors["model.head.weight"], tensors["model.head.bias"] = torch.zeros(5, 16), torch.zeros(5)
    layer = torch.nn.Linear(16, 6)
    fill(layer)
    tensors["feat.weight"], tensors["feat.bias"] = layer.weight.detach(), layer.bias.detach()
    folder.mkdir(parents=True)
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({
        "architecture": "isr_swin_base", "num_classes": 0,
        "model_args": {"img_size": [32, 16], "patch_size": 2, "embed_dim": 8, "depths": [2, 1],
                       "num_heads": [2, 4], "window_size": 4},
        "pretrained_cfg": {"input_size": [3, 32, 16], "mean": [0.485, 0.456, 0.406],
                           "std": [0.229, 0.224, 0.225], "interpolation": "bicubic"},
        "swift_vision": {"embedding": 0, "origin": "ISR's names", "feature_layer": 6},
    }, indent=2))
    expect(folder, lambda x: layer(features(x)), 32, 16)


def check(root):
    found = {}
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        expected = load_file(folder / "expected.safetensors")
        pictures = expected["pictures"].permute(0, 3, 1, 2).contiguous()
        tensors = load_file(folder / "model.safetensors")
        again = folder / "again"
        if folder.name.startswith("timm-"):
            model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
            # Once more without timm's own ways of loading, which may drop a head.
            model.load_state_dict(tensors, strict=True)
            timm.models.save_for_hf(model, again, safe_serialization=True)
            def features(x):
                return model.forward_head(model.forward_features(x), pre_logits=True)
        elif folder.name.startswith("shared-"):
            config = json.loads((folder / "config.json").read_text())
            try:
                timm.create_model(f"local-dir:{folder}", pretrained=True)
                raise AssertionError("timm opened a network that it does not have")
            except RuntimeError as error:
                assert config["architecture"] in str(error), error
            model = timm.models.beit.Beit(
                num_classes=0, use_abs_pos_emb=False, use_rel_pos_bias=False, init_values=0.1,
                use_shared_rel_pos_bias=True, global_pool="token", patch_size=16,
                **config["model_args"]).eval()
            model.load_state_dict(tensors, strict=True)
            shutil.copytree(folder, again)
            def features(x):
                return model.forward_features(x)[:, 1:].mean(1)
        else:
            kind = json.loads((folder / "config.json").read_text())["architectures"][0]
            more = {} if kind not in ("ViTModel", "SwinModel") else {"add_pooling_layer": False}
            model, report = getattr(transformers, kind).from_pretrained(
                folder, output_loading_info=True, **more)
            # What is no weight of the network: the token of another task, and what is computed again.
            missing = [key for key in report["missing_keys"] if not key.endswith(
                ("mask_token", "relative_position_index"))]
            assert not any(
                (missing, report["unexpected_keys"], report["mismatched_keys"])), report
            model.eval().save_pretrained(again)
            shutil.copy(folder / "preprocessor_config.json", again)
            def features(x):
                found = getattr(model, model.base_model_prefix, model)(x).last_hidden_state
                return found.mean(1) if kind.startswith("Swin") else found[:, 0]
        with torch.no_grad():
            difference = (features(pictures) - expected["features"]).abs().max()
        found[folder.name] = (difference / expected["features"].abs().max()).item()
    types = root / "types.safetensors"
    if types.exists():
        with safe_open(types, "pt") as file:
            save_file(
                {name: file.get_tensor(name) for name in file.keys()},
                root / "types-again.safetensors", metadata=file.metadata())
    print(json.dumps(found))


def main():
    if sys.argv[1] == "check":
        return check(Path(sys.argv[2]))
    torch.manual_seed(0)
    root = Path(sys.argv[1])
    shutil.rmtree(root, ignore_errors=True)
    plain = dict(patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=3)
    timm_folder(root / "timm-token", "vit_tiny_patch16_224", (32, 16), **plain)
    timm_folder(root / "timm-mean", "vit_tiny_patch16_224", (32, 16), global_pool="avg", **plain)
    timm_folder(
        root / "timm-registers", "vit_small_patch14_reg4_dinov2", (32, 16),
        **{**plain, "num_classes": 0})
    swin = timm_folder(
        root / "timm-swin", "swin_tiny_patch4_window7_224", (32, 16), patch_size=2, embed_dim=8,
        depths=(2, 1), num_heads=(2, 4), window_size=4, num_classes=3)
    swin.reset_classifier(0)
    official_swin(
        root / "official-swin", swin,
        lambda x: swin.forward_head(swin.forward_features(x), pre_logits=True))
    transformers_folder(root / "transformers-base", transformers.ViTModel, (32, 16))
    transformers_folder(
        root / "transformers-classifier", transformers.ViTForImageClassification, (32, 16))
    plain = dict(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, mlp_ratio=2,
        image_size=32, patch_size=8)
    # The library takes the grid of their positions for square.
    transformers_variant(
        root / "transformers-dinov2", transformers.Dinov2Model(transformers.Dinov2Config(**plain)),
        (32, 32), lambda tokens: tokens[:, 0])
    transformers_variant(
        root / "transformers-dinov2-registers",
        transformers.Dinov2WithRegistersModel(
            transformers.Dinov2WithRegistersConfig(num_register_tokens=2, **plain)),
        (32, 32), lambda tokens: tokens[:, 0])
    transformers_variant(
        root / "transformers-swin",
        transformers.SwinModel(
            transformers.SwinConfig(
                image_size=[32, 16], patch_size=2, embed_dim=8, depths=[2, 1], num_heads=[2, 4],
                window_size=4), add_pooling_layer=False),
        (32, 16), lambda tokens: tokens.mean(1))
    for path in sorted(root.rglob("*.safetensors")):
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
