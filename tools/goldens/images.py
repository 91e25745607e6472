"""Records the picture files and the expected pixels of Tests/ImagesTests/Fixtures.

Run from the repository root with a Python that has Pillow, NumPy and OpenCV:

    python tools/goldens/images.py

Pillow is the reference for decoding and resampling. Where our convention differs from Pillow's
(16-bit grey keeps the upper byte instead of clipping) NumPy states the expectation. The versions
used are written into goldens.json.
"""

import base64
import io
import json
import pathlib
import struct
import zlib

import cv2
import numpy as np
import PIL
from PIL import Image, ImageOps, features

folder = pathlib.Path("Tests/ImagesTests/Fixtures")
folder.mkdir(parents=True, exist_ok=True)
for old in folder.iterdir():
    old.unlink()


def picture(width, height, seed):
    """Smooth colours, a few hard edges and a little noise; no symmetry."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [
        128 + 100 * np.sin(x / 5 + 0.3 * seed),
        40 + 180 * y / height,
        128 + 90 * np.cos((x + 2 * y) / 9),
    ]
    rgb = np.stack(planes, axis=-1) + np.random.default_rng(seed).normal(0, 6, (height, width, 3))
    rgb[: height // 3, : width // 4] = (250, 20, 30)
    rgb[-height // 4 :, -width // 3 :] = (10, 230, 240)
    return np.clip(rgb, 0, 255).astype(np.uint8)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype=np.uint8).tobytes()).decode()


base = picture(29, 19, 1)
upright = Image.fromarray(base)
decoding, resizing = [], []


def expect(name, rgb, tolerance=0, mean_tolerance=None):
    rgb = np.asarray(rgb)
    decoding.append(
        {
            "file": name,
            "width": rgb.shape[1],
            "height": rgb.shape[0],
            "tolerance": tolerance,
            "pixels": text(rgb),
        }
    )
    if mean_tolerance is not None:
        decoding[-1]["meanTolerance"] = mean_tolerance


def save(image, name, **options):
    image.save(folder / name, **options)
    return name


def opened(name):
    return ImageOps.exif_transpose(Image.open(folder / name)).convert("RGB")


# Two decoders of one JPEG may round differently by one step.
ROUNDING = 1

# JPEG: the plain kinds.
for name, options in {
    "plain.jpg": {},
    "subsampled-none.jpg": {"subsampling": 0},
    "subsampled-rows.jpg": {"subsampling": 1},
    "progressive.jpg": {"progressive": True},
    "restarts.jpg": {"restart_marker_blocks": 1},
}.items():
    expect(save(upright, name, quality=90, **options), opened(name), ROUNDING)
expect(save(upright.convert("L"), "grey.jpg", quality=90), opened("grey.jpg"), ROUNDING)
expect(save(upright.convert("CMYK"), "cmyk.jpg", quality=90), opened("cmyk.jpg"), ROUNDING)
# The same inks declared as YCCK in the Adobe marker.
inks = (folder / "cmyk.jpg").read_bytes()
mark = inks.index(b"Adobe") + 11
assert inks[mark] == 0
(folder / "ycck.jpg").write_bytes(inks[:mark] + b"\x02" + inks[mark + 1 :])
expect("ycck.jpg", opened("ycck.jpg"), ROUNDING)

# EXIF orientation: the file holds the turned picture, the tag says how to turn it back.
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for suffix, options in {"jpg": {"quality": 92}, "png": {}}.items():
        name = f"orientation-{orientation}.{suffix}"
        expect(save(upright, name, exif=exif, **options), opened(name), ROUNDING)
exif = Image.Exif()
exif[0x0112] = 6
expect(save(upright, "orientation-6.webp", exif=exif, lossless=True), opened("orientation-6.webp"))
save(upright, "orientation-6.tiff", tiffinfo={0x0112: 6})
expect("orientation-6.tiff", np.rot90(base, 3))

# PNG: depths, palettes, alpha.
expect(save(upright, "plain.png"), base)
grey = upright.convert("L")
expect(save(grey, "grey.png"), grey.convert("RGB"))
expect(save(upright.convert("1"), "black-and-white.png"), opened("black-and-white.png"))
palette = upright.quantize(13)
expect(save(palette, "palette-4-bits.png", bits=4), palette.convert("RGB"))
colours = upright.quantize(200)
expect(save(colours, "palette.png"), colours.convert("RGB"))
colours.info["transparency"] = bytes(range(200))
expect(save(colours, "palette-alpha.png", transparency=bytes(range(200))), colours.convert("RGB"))
alpha = np.tile((np.arange(29) * 9 % 256).astype(np.uint8), (19, 1))
rgba = Image.fromarray(np.dstack([base, alpha]))
expect(save(rgba, "alpha.png"), base)
grey_alpha = Image.merge("LA", [grey, Image.fromarray(alpha)])
expect(save(grey_alpha, "grey-alpha.png"), grey.convert("RGB"))
deep = (base.astype(np.uint16) << 8) | np.random.default_rng(2).integers(
    0, 256, base.shape, dtype=np.uint16
)
cv2.imwrite(str(folder / "deep.png"), deep[..., ::-1])
expect("deep.png", base)
Image.fromarray(deep[..., 1]).save(folder / "deep-grey.png")
expect("deep-grey.png", np.repeat(base[..., 1:2], 3, axis=2))
cv2.imwrite(
    str(folder / "deep-alpha.png"),
    np.dstack([deep[..., ::-1], alpha.astype(np.uint16) << 8]),
)
expect("deep-alpha.png", base)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


# Pillow does not write interlaced files, so the seven passes are laid out here.
passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
rows = b"".join(
    b"\0" + row.tobytes() for x, y, dx, dy in passes for row in base[y::dy, x::dx]
)
(folder / "interlaced.png").write_bytes(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 29, 19, 8, 2, 0, 0, 1))
    + chunk(b"IDAT", zlib.compress(rows))
    + chunk(b"IEND", b"")
)
assert np.array_equal(np.asarray(opened("interlaced.png")), base)
expect("interlaced.png", base)

# Everything else.
expect(save(upright, "plain.bmp"), base)
expect(save(palette, "palette.bmp"), palette.convert("RGB"))
expect(save(upright, "plain.ppm"), base)
expect(save(grey, "plain.pgm"), grey.convert("RGB"))
(folder / "deep.pgm").write_bytes(b"P5\n29 19\n65535\n" + deep[..., 1].astype(">u2").tobytes())
# swscale rounds 16 bits to 8.
expect("deep.pgm", np.repeat(base[..., 1:2], 3, axis=2), 1)
(folder / "text.pgm").write_text(
    "P2\n# written as text\n29 19\n255\n" + "\n".join(" ".join(map(str, r)) for r in base[..., 0])
)
expect("text.pgm", np.repeat(base[..., 0:1], 3, axis=2))
expect(save(upright, "plain.tiff"), base)
expect(save(upright, "lzw.tiff", compression="tiff_lzw"), base)
expect(save(grey, "grey.tiff"), grey.convert("RGB"))
expect(save(upright, "lossless.webp", lossless=True), base)
expect(save(rgba, "alpha.webp", lossless=True, exact=True), base)
# Chroma is interpolated differently by libwebp and swscale.
smooth = upright.resize((87, 57), Image.Resampling.BICUBIC)
expect(save(smooth, "lossy.webp", quality=90), opened("lossy.webp"), 40, 2.5)
expect(save(colours.convert("RGB").quantize(64), "plain.gif"), opened("plain.gif"))
first = upright.quantize(64)
second = ImageOps.mirror(upright).quantize(64)
first.save(folder / "animated.gif", save_all=True, append_images=[second], duration=100)
expect("animated.gif", opened("animated.gif"))

# Resampling.
source = picture(37, 23, 3)
filters = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
sizes = [(16, 16), (80, 50), (37, 8), (5, 60), (1, 1), (36, 23), (74, 46)]
for name, method in filters.items():
    for width, height in sizes:
        result = Image.fromarray(source).resize((width, height), method)
        resizing.append(
            {"filter": name, "width": width, "height": height, "pixels": text(result)}
        )
# Pillow keeps a box in single precision, so these are exact there.
boxes = [
    (0.0, 0.0, 37.0, 23.0),
    (3.25, 1.5, 20.75, 21.125),
    (10.0, 5.0, 11.5, 6.25),
    (0.375, 0.625, 36.875, 12.25),
]
for box in boxes:
    for width, height in [(8, 16), (31, 40)]:
        result = Image.fromarray(source).resize((width, height), Image.Resampling.BILINEAR, box=box)
        resizing.append(
            {"box": list(box), "width": width, "height": height, "pixels": text(result)}
        )

goldens = {
    "versions": {
        "Pillow": PIL.__version__,
        "libjpeg-turbo": features.version("jpg"),
        "NumPy": np.__version__,
        "OpenCV": cv2.__version__,
    },
    "decoding": decoding,
    "source": {"width": 37, "height": 23, "pixels": text(source)},
    "resizing": resizing,
}
(folder / "goldens.json").write_text(json.dumps(goldens, indent=1) + "\n")
