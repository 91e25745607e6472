"""Checkpoints in the key forms of their repositories, through tools/convert-torch.

    python -m unittest discover tools/convert-torch-tests

Needs torch and safetensors, as the converter does.
"""

import contextlib
import io
import json
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
                   "module.base.sie_embed", "module.base.fc.weight", "module.bottleneck.weight",
                   "module.classifier.weight"),
            ["cls_token", "blocks.0.norm1.weight"],
            ["bottleneck.weight", "classifier.weight", "fc.weight", "sie_embed"])

    def published(self):
        """The files of networks in published forms, as tools/goldens/published.py recorded them."""
        page = PROGRAM.parent.parent / "Tests/BackbonesTests/Goldens/published.json"
        for name, form in json.loads(page.read_text())["forms"].items():
            tensors = {key: torch.randn(shape) for key, shape in form["tensors"].items()}
            tensors |= {key: torch.zeros(shape) for key, shape in form["ignored"].items()}
            yield name, form, {**tensors, **{key: torch.tensor(0) for key in form["counters"]}}

    def test_forms_and_descriptions(self):
        found = {}
        for name, form, tensors in self.published():
            model, _, lines, config = CONVERT["converted"](dict(tensors))
            found[name] = (lines[1], config and config["architecture"])
            if name == "petalface":
                self.assertIn("layers.1.downsample.reduction.weight", model)
                self.assertNotIn("layers.0.downsample.reduction.weight", model)
                self.assertIn("feature_layer.3.running_mean", model)
                self.assertFalse([key for key in model if CONVERT["BUFFERS"].search(key)])
                # Heads, window and picture size are those of the recorded file.
                self.assertEqual(config["model_args"], {
                    "img_size": [32, 32], "patch_size": 2, "embed_dim": 8, "depths": [2, 2],
                    "num_heads": [1, 2], "window_size": 4})
                self.assertEqual(config["swift_vision"]["feature_layer"], 6)
            if name == "dinov2-registers":
                self.assertEqual(model["pos_embed"].shape, (1, 16, 24))
                self.assertTrue(torch.equal(
                    model["cls_token"], tensors["cls_token"] + tensors["pos_embed"][:, :1]))
        for name, form, architecture in (
            ("petalface", "petalface", "petalface_swin"), ("mae", "mae", "vit_base_patch16_224"),
            ("dinov2", "dinov2", "vit_base_patch14_dinov2"),
            ("dinov2-registers", "dinov2", "vit_small_patch14_reg4_dinov2"),
            ("simmim-vit", "simmim", "simmim_vit_base_patch16_224"),
            ("simmim-swin", "simmim", "swin_tiny_patch4_window7_224"),
        ):
            self.assertEqual(found[name], (f"form: {form}", architecture))

    def test_descriptions_of_published_sizes(self):
        def description(form, **shapes):
            return CONVERT["description"](
                form, {key: torch.zeros(shape, device="meta") for key, shape in shapes.items()}, {})

        self.assertEqual(description("swinir", **{
            "conv_first.weight": (180, 3, 3, 3),
            "layers.0.residual_group.blocks.0.attn.relative_position_bias_table": (169, 6),
        })["architecture"], "swinir_jpeg")
        self.assertEqual(description("swinir", **{
            "conv_first.weight": (60, 3, 3, 3), "upsample.0.weight": (12, 60, 3, 3),
            "layers.0.residual_group.blocks.0.attn.relative_position_bias_table": (225, 6),
        })["architecture"], "swinir_light_x2")
        blocks = {f"layer{stage + 1}.{block}.conv1.weight": (1,)
                  for stage, depth in enumerate((3, 4, 14, 3)) for block in range(depth)}
        config = description("iresnet", **blocks)
        self.assertEqual(config["architecture"], "iresnet50")
        self.assertEqual(config["pretrained_cfg"]["input_size"], [3, 112, 112])
        self.assertIsNone(description("iresnet", **{"layer1.0.conv1.weight": (1,)}))

    def test_weights_beside_other_tensors(self):
        self.expect(
            {"state_dict": filled("conv1.weight"), "best_prec1": torch.tensor(76.1)},
            ["conv1.weight"])

    def test_description_is_written_once(self):
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.pth", Path(folder) / "model.safetensors"
            tensors = next(tensors for name, _, tensors in self.published() if name == "mae")
            torch.save({"model": tensors}, source)
            for expected in ("look through", "stays"):
                text = io.StringIO()
                with contextlib.redirect_stderr(text):
                    CONVERT["main"]([str(source), str(target)])
                self.assertIn(expected, text.getvalue())
            config = json.loads((Path(folder) / "config.json").read_text())
            self.assertEqual(config["model_args"]["img_size"], [32, 32])
            self.assertEqual(config["pretrained_cfg"]["mean"], [0.485, 0.456, 0.406])

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
