"""Records what Hugging Face PEFT computes for the adapters, and checks folders written by the tool-kit.

    python tools/goldens/peft_adapters.py record Tests/AdapterFilesTests/Goldens
    python tools/goldens/peft_adapters.py check FOLDER

`record` writes three small networks (`transformer`, a timm vision transformer, `convnet`, and `batchnet`
with norms over the batch) with their weights and an input, and for every method PEFT's own folder beside the output and the gradients of the
sum of output * projection. `check` reads `FOLDER/case-*/`: each holds `base.safetensors` with weights,
`input` and `output`, and `adapter/` in PEFT's format; it loads the adapter with PEFT, compares the
output, and saves the adapter again as `again/`. Needs torch, timm, peft and safetensors; the versions
that were used are kept in the metadata of the recorded files.
"""

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

if torch.version.cuda is None and torch.__version__ >= "2":
    # A torchvision built for CUDA stops at two operators that a CPU-only torch does not have.
    _library = torch.library.Library("torchvision", "DEF")
    for _name in ("nms", "qnms"):
        _library.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import peft
import timm
import transformers
from safetensors.torch import load_file, save_file
from timm.models.vision_transformer import VisionTransformer
from restoration import NAFNet
from torch import nn
from transformers import ViTConfig, ViTForImageClassification

VERSIONS = {
    "torch": torch.__version__, "timm": timm.__version__, "peft": peft.__version__,
    "transformers": transformers.__version__, "format": "pt"}


class ConvNet(nn.Module):
    """Every kind of convolution that adapters meet: plain, strided, grouped, depthwise, 1x1."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.down = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.grouped = nn.Conv2d(12, 12, 3, padding=1, groups=2)
        self.depthwise = nn.Conv2d(12, 12, 3, padding=1, groups=12)
        self.point = nn.Conv2d(12, 6, 1)
        self.norm = nn.LayerNorm(6)
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        for layer in (self.stem, self.down, self.grouped, self.depthwise, self.point):
            x = torch.relu(layer(x))
        return self.head(self.norm(x.mean((2, 3))))


class BatchNet(nn.Module):
    """Two norms over the batch, whose statistics and counters PEFT writes with the module."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 6, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.head(torch.relu(self.bn2(self.conv2(x))).mean((2, 3)))


def restorer():
    """A small NAFNet, whose blocks have parameters of their own beside their layers."""
    return NAFNet(4, [1], 1, [1])


def transformer():
    return VisionTransformer(
        img_size=(16, 8), patch_size=4, embed_dim=12, depth=2, num_heads=2, num_classes=0,
        global_pool="avg", fc_norm=False)


class Classifier(nn.Module):
    """The transformer of the same weights under Transformers' names, with a classifier beside it."""

    def __init__(self):
        super().__init__()
        configuration = ViTConfig(
            hidden_size=12, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48,
            image_size=(16, 8), patch_size=4, layer_norm_eps=1e-6, num_labels=3)
        network = ViTForImageClassification(configuration)
        self.vit, self.classifier = network.vit, network.classifier
        own, weights = self.state_dict(), base("transformer").state_dict()
        names = {
            "vit.embeddings.cls_token": "cls_token", "vit.embeddings.position_embeddings": "pos_embed",
            "vit.embeddings.patch_embeddings.projection": "patch_embed.proj", "vit.layernorm": "norm"}
        for name in own:
            if name.startswith("classifier"):
                continue
            module, _, end = name.rpartition(".")
            if name in names:
                own[name] = weights[names[name]]
            elif module in names:
                own[name] = weights[f"{names[module]}.{end}"]
            else:
                block, part = module.removeprefix("vit.layers.").split(".", 1)
                place = {"attention.q_proj": 0, "attention.k_proj": 1, "attention.v_proj": 2}.get(part)
                if place is not None:
                    own[name] = weights[f"blocks.{block}.attn.qkv.{end}"].chunk(3)[place]
                    continue
                timm_part = {
                    "attention.o_proj": "attn.proj", "layernorm_before": "norm1",
                    "layernorm_after": "norm2"}.get(part, part)
                own[name] = weights[f"blocks.{block}.{timm_part}.{end}"]
        self.load_state_dict(own)

    def forward(self, x):
        return self.vit(x).last_hidden_state[:, 1:].mean(1)


NETWORKS = {"transformer": transformer, "convnet": ConvNet, "batchnet": BatchNet}


def picture(kind):
    return torch.randn(2, 3, 16, 12 if kind in ("convnet", "batchnet") else 8, generator=torch.Generator().manual_seed(3))


def base(kind):
    if kind == "transformers":
        return Classifier().eval()
    torch.manual_seed(11)
    network = NETWORKS[kind]().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 1.5)
                module.num_batches_tracked.fill_(7)
    return network


def cases():
    """Name, network, PEFT configuration."""
    qkv = ["attn.qkv", "mlp.fc1"]
    convolutions = ["stem", "down", "point", "head"]
    all_of_them = convolutions + ["grouped"]
    for kind, targets, wide in (("transformer", qkv, qkv), ("convnet", convolutions, all_of_them)):
        yield f"lora-{kind}", kind, peft.LoraConfig(r=3, lora_alpha=6, target_modules=targets)
        yield f"dora-{kind}", kind, peft.LoraConfig(r=3, lora_alpha=6, use_dora=True, target_modules=targets)
        yield f"loha-{kind}", kind, peft.LoHaConfig(r=2, alpha=3, target_modules=wide)
        yield f"lokr-{kind}", kind, peft.LoKrConfig(r=2, alpha=3, target_modules=wide)
        yield f"adalora-{kind}", kind, peft.AdaLoraConfig(
            init_r=4, target_r=2, lora_alpha=6, total_step=10, target_modules=targets)
    yield "rslora-transformer", "transformer", peft.LoraConfig(
        r=4, lora_alpha=6, use_rslora=True, target_modules=qkv,
        rank_pattern={r"^blocks\.1\.attn\.qkv": 2}, alpha_pattern={r"^blocks\.1\.attn\.qkv": 3},
        bias="lora_only", modules_to_save=["blocks.0.norm1"])
    yield "pissa-transformer", "transformer", peft.LoraConfig(
        r=3, lora_alpha=6, init_lora_weights="pissa", target_modules=qkv)
    yield "vera-transformer", "transformer", peft.VeraConfig(r=5, target_modules=qkv)
    yield "lntuning-transformer", "transformer", peft.LNTuningConfig(
        target_modules=r"blocks\.\d+\.norm[12]|norm")
    yield "vera-convnet", "convnet", peft.VeraConfig(r=3, target_modules=["head"])
    yield "pissa-convnet", "convnet", peft.LoraConfig(
        r=2, lora_alpha=3, init_lora_weights="pissa", target_modules=["head"])
    yield "rslora-convnet", "convnet", peft.LoraConfig(
        r=4, lora_alpha=6, use_rslora=True, target_modules=convolutions, bias="all")
    yield "lntuning-convnet", "convnet", peft.LNTuningConfig(target_modules=["norm"])
    yield "pruned-transformer", "transformer", peft.AdaLoraConfig(
        init_r=4, target_r=2, lora_alpha=6, total_step=10, target_modules=qkv)
    yield "pruned-convnet", "convnet", peft.AdaLoraConfig(
        init_r=4, target_r=2, lora_alpha=6, total_step=10, target_modules=convolutions)
    # A classifier of Transformers: separate query, key and value, patterns by their names.
    yield "classifier-transformers", "transformers", peft.LoraConfig(
        r=2, lora_alpha=4, target_modules=["q_proj", "v_proj", "o_proj", "fc1"], bias="lora_only",
        rank_pattern={"v_proj": 3}, alpha_pattern={"v_proj": 32}, modules_to_save=["classifier"])
    yield "saved-convnet", "convnet", peft.LoraConfig(
        r=2, lora_alpha=2, target_modules=["down"], modules_to_save=["depthwise", "norm"])
    yield "saved-batchnet", "batchnet", peft.LoraConfig(
        r=2, lora_alpha=2, target_modules=["conv2"], modules_to_save=["bn1"])
    yield "lntuning-batchnet", "batchnet", peft.LNTuningConfig(target_modules=["bn1", "bn2"])


def record(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for kind in NETWORKS:
        tensors = {f"base.{k}": v for k, v in base(kind).state_dict().items()}
        x = picture(kind)
        # Channels last, as the tool-kit has pictures.
        tensors["input"] = x.permute(0, 2, 3, 1).contiguous()
        tensors["output"] = base(kind)(x).detach()
        save_file(tensors, folder / f"{kind}.safetensors", metadata=VERSIONS)
    for name, kind, configuration in cases():
        torch.manual_seed(5)
        model = peft.get_peft_model(base(kind), configuration).eval()
        trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        with torch.no_grad():
            for parameter_name, parameter in trained:
                step = 0.05 if "base_layer.bias" in parameter_name or "modules_to_save" in parameter_name else 0.3
                parameter.add_(step * torch.randn_like(parameter))
            # The counter of a copy goes on in training.
            for buffer_name, buffer in model.named_buffers():
                if buffer_name.endswith("default.num_batches_tracked"):
                    buffer.add_(5)
            if isinstance(configuration, peft.AdaLoraConfig):
                # Components that the budget dropped.
                for n, p in model.named_parameters():
                    if "lora_E" in n:
                        p[1] = 0
        target = folder / name
        shutil.rmtree(target, ignore_errors=True)
        if name.startswith("pruned"):
            # What a finished run keeps of each site: two or three of four components.
            patterns = {}
            for n, p in model.named_parameters():
                if "lora_E" in n:
                    place = len(patterns)
                    patterns[n.removeprefix("base_model.model.")] = [i != 1 and i != place % 3 for i in range(4)]
            model.peft_config["default"].rank_pattern = patterns
            model.save_pretrained(target)
            model = peft.PeftModel.from_pretrained(base(kind), target, is_trainable=True).eval()
            trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        output = model(picture(kind))
        projection = torch.randn(output.shape, generator=torch.Generator().manual_seed(9))
        (output * projection).sum().backward()
        if not name.startswith("pruned"):
            model.save_pretrained(target)
        (target / "README.md").unlink(missing_ok=True)
        settings = json.loads((target / "adapter_config.json").read_text())
        # The path of the library on the recording machine is nobody's business.
        settings.pop("auto_mapping", None)
        (target / "adapter_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
        tensors = {"output": output.detach(), "projection": projection}
        for n, p in trained:
            # The classifier's output is not looked at.
            if p.grad is None:
                continue
            tensors["gradient." + n.replace(".default", "").replace(".modules_to_save", "")] = p.grad
        save_file(
            {k: v.contiguous().clone() for k, v in tensors.items()}, target / "expected.safetensors",
            metadata=VERSIONS)
        print(name, sum(f.stat().st_size for f in target.iterdir()))
    record_rule(folder)


def record_rule(folder):
    """AdaLoRA's rule on the recorded `adalora-transformer`: drawn gradients of five steps, then a decision.

    Also the term of the loss that keeps components apart, which PEFT adds to the loss of its outputs.
    """
    model = peft.PeftModel.from_pretrained(base("transformer"), folder / "adalora-transformer", is_trainable=True)
    inner = model.base_model
    inner.model.forward = lambda x: SimpleNamespace(loss=torch.zeros(()))
    tensors = {"penalty": inner(picture("transformer")).loss.detach()}
    allocator = inner.rankallocator
    generator = torch.Generator().manual_seed(21)

    def key(name):
        return name.removeprefix("model.").replace(".default", "")

    parameters = [(n, p) for n, p in inner.named_parameters() if p.requires_grad]
    for step in range(5):
        for n, p in parameters:
            p.grad = torch.randn(p.shape, generator=generator)
            tensors[f"gradient.{step}.{key(n)}"] = p.grad
        allocator.update_ipt(inner)
    for n, _ in parameters:
        tensors["sensitivity." + key(n)] = allocator.exp_avg_ipt[n]
        tensors["uncertainty." + key(n)] = allocator.exp_avg_unc[n]
    for n, marks in allocator.mask_to_budget(inner, allocator.target_bgt).items():
        tensors["mask." + key(n).removesuffix(".lora_E")] = torch.tensor(marks, dtype=torch.float32)
    save_file(
        {k: v.contiguous().clone() for k, v in tensors.items()}, folder / "adalora-rule.safetensors",
        metadata=VERSIONS)


def check(folder):
    worst = {}
    for case in sorted(folder.glob("case-*")):
        tensors = load_file(case / "base.safetensors")
        x, expected = tensors.pop("input").permute(0, 3, 1, 2), tensors.pop("output")
        marks = {"stem.weight": ConvNet, "bn1.weight": BatchNet, "intro.weight": restorer}
        make = next((make for name, make in marks.items() if name in tensors), transformer)
        network = make().eval()
        network.load_state_dict(tensors)
        model = peft.PeftModel.from_pretrained(network, case / "adapter").eval()
        found = model(x).detach()
        # Pictures with channels last, as the tool-kit has them.
        found = found.permute(0, 2, 3, 1) if found.dim() == 4 else found
        model.save_pretrained(case / "again")
        worst[case.name] = float((found - expected).abs().max() / max(1.0, float(expected.abs().max())))
    print(json.dumps(worst))


if __name__ == "__main__":
    {"record": record, "check": check}[sys.argv[1]](Path(sys.argv[2]))
