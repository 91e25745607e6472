"""A video of a fixed camera to a network that tells persons apart: OpenCV, scipy and PyTorch.

Written plainly, as somebody would who knows these libraries. It does what `vision-pretrain` does with
its recipe `tiny`: a median background, persons as what differs from it, crops of 128x64, and then
100 steps of eight frame pairs each, one pass over the footage's 795 frames: assignment of the crops of
two frames by their embeddings, contrast of the matched pairs, AdamW. It leaves out what ours also
does: a model of how tall persons are where, crops and pairs on disk, checkpoints, charts and a report.
"""
import argparse
import json
import math
import random

import cv2
import numpy
import scipy
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import nn
from torch.utils.data import DataLoader, Dataset

from small_network import SmallNetwork

HEIGHT, WIDTH = 128, 64
MEAN = numpy.float32([0.485, 0.456, 0.406])
DEVIATION = numpy.float32([0.229, 0.224, 0.225])
PAIRS, MOST_CROPS, RATE = 8, 16, 3e-3


def frames(path):
    capture = cv2.VideoCapture(path)
    while True:
        more, frame = capture.read()
        if not more:
            return
        yield frame


def background(path, count, samples=61):
    """The median of frames spread over the video."""
    step = max(1, count // samples)
    chosen = [frame for index, frame in enumerate(frames(path)) if index % step == 0][:samples]
    return numpy.median(chosen, axis=0).astype(numpy.uint8)


def persons(frame, empty):
    """Upright regions that differ from the background's Lab colours, as (left, top, width, height)."""
    difference = cv2.absdiff(cv2.cvtColor(frame, cv2.COLOR_BGR2LAB), empty)
    lightness, a, b = cv2.split(difference)
    mask = ((lightness > 28) | (cv2.max(a, b) > 22)).astype(numpy.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, numpy.ones((3, 3), numpy.uint8))
    mask = cv2.morphologyEx(
        mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 15)))
    found = []
    for left, top, width, height, area in cv2.connectedComponentsWithStats(mask)[2][1:]:
        if (height >= 64 and width >= 10 and 1.3 * width <= height <= 4.5 * width
                and area >= 0.3 * width * height):
            found.append((left, top, width, height))
    return found


def cut(path, count):
    """The crops of every frame that shows at least two persons, RGB bytes."""
    empty = cv2.cvtColor(background(path, count), cv2.COLOR_BGR2LAB)
    kept = []
    for index, frame in enumerate(frames(path)):
        crops = [
            cv2.resize(frame[y:y + h, x:x + w], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            for x, y, w, h in persons(frame, empty)]
        if len(crops) >= 2:
            kept.append((index, [cv2.cvtColor(crop, cv2.COLOR_BGR2RGB) for crop in crops]))
    return kept


def varied(crop, draw):
    """Part of a crop, mirrored, recoloured and partly erased by chance; floats 0...1."""
    side = draw.uniform(0.7, 1)
    width, height = int(WIDTH * side), int(HEIGHT * side)
    x, y = draw.randint(0, WIDTH - width), draw.randint(0, HEIGHT - height)
    crop = cv2.resize(crop[y:y + height, x:x + width], (WIDTH, HEIGHT))
    if draw.random() < 0.5:
        crop = crop[:, ::-1]
    crop = crop.astype(numpy.float32) / 255
    crop = (crop - 0.5) * draw.uniform(0.8, 1.2) + 0.5
    crop = crop * numpy.float32([draw.uniform(0.8, 1.2) * draw.uniform(0.85, 1.15) for _ in "rgb"])
    crop = numpy.clip(crop, 0, 1) ** draw.uniform(0.75, 1.25)
    if draw.random() < 0.1:
        crop = numpy.repeat(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    if draw.random() < 0.5:
        area, aspect = draw.uniform(0.02, 0.2) * HEIGHT * WIDTH, math.exp(draw.uniform(-1.2, 1.2))
        h, w = int(math.sqrt(area * aspect)), int(math.sqrt(area / aspect))
        if 0 < h < HEIGHT and 0 < w < WIDTH:
            y, x = draw.randint(0, HEIGHT - h), draw.randint(0, WIDTH - w)
            crop[y:y + h, x:x + w] = MEAN
    return crop


def stacked(crops):
    """Normalised pictures, [count, 3, height, width]."""
    batch = (numpy.stack(crops) - MEAN) / DEVIATION
    return torch.from_numpy(batch).permute(0, 3, 1, 2)


class Steps(Dataset):
    """The batch of every step: pairs of frames from strands of time, clean and varied."""

    def __init__(self, frames, steps, rate):
        self.frames, self.steps, self.rate = frames, steps, rate

    def __len__(self):
        return self.steps

    def pair(self, strand, longest, draw):
        first = draw.randrange(*strand)
        start = self.frames[first][0]
        end = first
        while end + 1 < len(self.frames) and self.frames[end + 1][0] - start <= longest * self.rate:
            end += 1
        if end == first:
            return None
        second = draw.randint(first + 1, end)
        return [
            draw.sample(crops, min(len(crops), MOST_CROPS))
            for crops in (self.frames[first][1], self.frames[second][1])]

    def __getitem__(self, step):
        draw = random.Random(step)
        longest = 0.5 + 1.5 * min(step / (0.7 * self.steps), 1)
        count = len(self.frames)
        pairs = [
            self.pair((count * i // PAIRS, count * (i + 1) // PAIRS), longest, draw)
            for i in range(PAIRS)]
        sides = [side for pair in pairs if pair for side in pair]
        crops = [crop for side in sides for crop in side]
        clean = stacked([crop.astype(numpy.float32) / 255 for crop in crops])
        return clean, stacked([varied(crop, draw) for crop in crops]), [len(side) for side in sides]


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = SmallNetwork(16)
        self.embedding = nn.Linear(self.backbone.num_features, 128)

    def forward(self, images):
        return F.normalize(self.embedding(self.backbone(images)))


def matched(embeddings, sizes):
    """Rows of the matched crops, first and second."""
    first, second, start = [], [], 0
    for n, m in zip(sizes[::2], sizes[1::2]):
        x, y = embeddings[start:start + n], embeddings[start + n:start + n + m]
        rows, columns = linear_sum_assignment(x @ y.T, maximize=True)
        first.append(rows + start)
        second.append(columns + start + n)
        start += n + m
    return numpy.concatenate(first), numpy.concatenate(second)


def pair_loss(embeddings, first, second):
    """Contrast of matched rows against all others, each weighted by its own probability."""
    similarity = embeddings @ embeddings.T / 0.1
    similarity = similarity.masked_fill(torch.eye(len(embeddings), dtype=torch.bool), -torch.inf)
    logarithms = similarity.log_softmax(1)
    chosen = torch.cat([logarithms[first, second], logarithms[second, first]])
    return -(chosen.detach().exp() * chosen).mean()


def train(kept, steps, rate):
    torch.manual_seed(0)
    network = Network().to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.05, fused=True)
    warmup = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(
        (step + 1) / warmup, 0.5 + 0.5 * math.cos(math.pi * max(0, step - warmup) / steps)))
    # A process beside prepares the next batches while this one trains.
    for clean, images, sizes in DataLoader(
            Steps(kept, steps, rate), batch_size=None, num_workers=1, prefetch_factor=2):
        with torch.no_grad():
            view = network(clean.contiguous(memory_format=torch.channels_last)).numpy()
        first, second = matched(view, sizes)
        embeddings = network(images.contiguous(memory_format=torch.channels_last))
        loss = pair_loss(embeddings, first, second)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1)
        optimizer.step()
        schedule.step()
    return network, loss.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video")
    parser.add_argument("--output", required=True)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--facts", action="store_true", help="only tell what would be done")
    arguments = parser.parse_args()
    cv2.setNumThreads(arguments.threads)
    torch.set_num_threads(arguments.threads)
    capture = cv2.VideoCapture(arguments.video)
    count, rate = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), capture.get(cv2.CAP_PROP_FPS)
    facts = {"frames": count, "library": (
        f"OpenCV {cv2.__version__}, scipy {scipy.__version__}, PyTorch {torch.__version__}")}
    if not arguments.facts:
        kept = cut(arguments.video, count)
        network, loss = train(kept, arguments.steps, rate)
        torch.save(network.state_dict(), arguments.output)
        facts |= {"crops": sum(len(crops) for _, crops in kept), "loss": loss}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
