"""Checkpoints in the key forms of their repositories, through tools/convert-torch.

    python -m unittest discover tools/convert-torch-tests

Needs torch and safetensors, as the converter does.
"""

import contextlib
import io
import runpy
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors.torch import load_file

PROGRAM = Path(__file__).resolve().parent.parent / "convert-torch"
CONVERT = runpy.run_path(str(PROGRAM))


def filled(*names):
    return {name: torch.full((2, 3), float(number)) for number, name in enumerate(names)}


class Refused:
    """Something that only unpickling code could make."""


class ConvertTorch(unittest.TestCase):
    def convert(self, checkpoint, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.pth", Path(folder) / "out" / "model.safetensors"
            torch.save(checkpoint, source)
            # In this process: importing torch for every file would take most of the time.
            failure, text = None, io.StringIO()
            try:
                with contextlib.redirect_stderr(text):
                    CONVERT["main"]([str(source), str(target), *arguments])
            except CONVERT["Refusal"] as refusal:
                failure = str(refusal)
            heads = target.with_name("heads.safetensors")
            return (
                failure, text.getvalue(), load_file(target) if target.exists() else None,
                load_file(heads) if heads.exists() else {})

    def expect(self, checkpoint, model, heads=(), *arguments):
        failure, text, found, rest = self.convert(checkpoint, *arguments)
        self.assertIsNone(failure)
        self.assertEqual(sorted(found), sorted(model))
        self.assertEqual(sorted(rest), sorted(heads))
        return found, text

    def test_swin(self):
        checkpoint = {"model": filled(
            "patch_embed.proj.weight", "layers.0.downsample.reduction.weight",
            "layers.0.blocks.0.attn.relative_position_bias_table",
            "layers.0.blocks.0.attn.relative_position_index", "layers.0.blocks.1.attn_mask",
            "norm.weight", "head.weight")}
        found, text = self.expect(checkpoint, [
            "patch_embed.proj.weight", "layers.1.downsample.reduction.weight",
            "layers.0.blocks.0.attn.relative_position_bias_table", "norm.weight", "head.fc.weight"])
        self.assertEqual(found["layers.1.downsample.reduction.weight"][0, 0], 1)
        self.assertIn("left out: layers.0.blocks.1.attn_mask", text)

    def test_simmim(self):
        self.expect(
            {"model": filled(
                "encoder.mask_token", "encoder.cls_token", "encoder.blocks.0.attn.q_bias",
                "encoder.rel_pos_bias.relative_position_bias_table",
                "encoder.rel_pos_bias.relative_position_index", "decoder.0.weight"), "epoch": 799},
            ["cls_token", "blocks.0.attn.q_bias", "rel_pos_bias.relative_position_bias_table"],
            ["mask_token", "decoder.0.weight"])
        self.expect(
            {"model": filled(
                "encoder.mask_token", "encoder.layers.2.downsample.norm.weight",
                "encoder.layers.0.blocks.0.attn.relative_position_bias_table", "decoder.0.bias")},
            ["layers.3.downsample.norm.weight",
             "layers.0.blocks.0.attn.relative_position_bias_table"],
            ["mask_token", "decoder.0.bias"])

    def test_isr(self):
        self.expect(
            {"state_dict": filled(
                "module.model.layers.0.blocks.0.norm1.weight",
                "module.model.layers.1.downsample.norm.weight", "module.model.head.weight",
                "module.model.layers.0.blocks.1.attn_mask", "module.feat.weight")},
            ["layers.0.blocks.0.norm1.weight", "layers.2.downsample.norm.weight", "feat.weight"])

    def test_reid(self):
        self.expect(
            {"model": filled(
                "backbone.conv1.weight", "backbone.layer1.0.bn1.IN.weight", "heads.bottleneck.0.bias",
                "heads.weight", "pixel_mean"), "optimizer": {}},
            ["conv1.weight", "layer1.0.bn1.IN.weight"], ["heads.bottleneck.0.bias", "heads.weight"])
        self.expect(
            filled("module.base.cls_token", "module.base.blocks.0.norm1.weight",
                   "module.base.sie_embed", "module.bottleneck.weight", "module.classifier.weight"),
            ["cls_token", "blocks.0.norm1.weight", "sie_embed"],
            ["bottleneck.weight", "classifier.weight"])

    def test_names_that_stay(self):
        for names in (
            ["conv1.weight", "prelu.weight", "features.running_mean", "features.num_batches_tracked"],
            ["intro.weight", "encoders.0.0.beta", "middle_blks.0.sca.1.weight", "ups.0.0.weight"],
            ["patch_embed.proj.weight", "encoder_level1.0.attn.temperature", "latent.0.norm1.body.bias"],
        ):
            self.expect({"params": filled(*names)}, names)
            self.expect({"params_ema": filled(*names), "params": filled("other")}, names)
        self.expect(
            {"params": filled(
                "conv_first.weight", "layers.0.residual_group.blocks.0.attn.relative_position_index",
                "layers.0.residual_group.blocks.1.attn_mask", "conv_after_body.weight")},
            ["conv_first.weight", "conv_after_body.weight"])
        self.expect(
            filled("patch_embed.proj.weight", "layers.0.downsample.reduction.weight",
                   "layers.0.blocks.0.attn.relative_position_index", "output_layer.1.weight"),
            ["patch_embed.proj.weight", "layers.0.downsample.reduction.weight",
             "output_layer.1.weight"])

    def test_refusals(self):
        for checkpoint, words in (
            ({"model": {"w": Refused()}}, "nothing of it was run"),
            # Whole numbers: the reader of plain weights in torch 1.13 knows no fractions.
            ({"epoch": 3, "args": {"steps": 1}}, "no dictionary of tensors"),
        ):
            failure, _, found, _ = self.convert(checkpoint)
            self.assertIn(words, failure)
            self.assertIsNone(found)
        failure, _, found, _ = self.convert({"model": filled("a")}, "--dry-run")
        self.assertEqual((failure, found), (None, None))
        run = subprocess.run(
            [sys.executable, PROGRAM, "nowhere.pth", "out.safetensors"], capture_output=True, text=True)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("there is no file nowhere.pth", run.stderr)
        self.assertNotIn("Traceback", run.stderr)


if __name__ == "__main__":
    unittest.main()
