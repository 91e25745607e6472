"""Supervised steps in PyTorch: timm's networks, peft's adapters, the face network written out."""
import timm
import torch
import torch.nn.functional as F
from torch import nn


class FaceBlock(nn.Module):
    """InsightFace's block: normalised input, two 3x3 convolutions, a rectifier with slopes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs), nn.PReLU(outputs),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def face_network(blocks, classes):
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)]
    inputs = 64
    for count, outputs in zip(blocks, (64, 128, 256, 512)):
        for index in range(count):
            layers.append(FaceBlock(inputs, outputs, 2 if index == 0 else 1))
            inputs = outputs
    return nn.Sequential(
        *layers, nn.BatchNorm2d(512), nn.Flatten(), nn.Linear(512 * 49, 512), nn.BatchNorm1d(512),
        nn.Linear(512, classes))


def prepare(kind, name, extent, count):
    classes = 751 if name == "resnet50" else 1000
    images = torch.randn(count, 3, *extent)
    labels = torch.arange(count) % 100
    if name == "iresnet50":
        network = face_network((3, 4, 14, 3), classes)
    elif name == "resnet50":
        network = timm.create_model(name, num_classes=classes)
    else:
        network = timm.create_model(f"{name}_patch16_224", img_size=extent, num_classes=classes)
    if name.endswith("resnet50"):
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    if kind != "train":
        from peft import LoraConfig, get_peft_model

        layers = list(range(8, 12)) if kind == "lora4" else None
        network = get_peft_model(network, LoraConfig(
            r=8, lora_alpha=16, target_modules=["qkv"], layers_to_transform=layers,
            layers_pattern="blocks" if layers else None, modules_to_save=["head"]))
    network.train()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.05, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()

    return step, count, f"PyTorch {torch.__version__}"
