"""What the commands that fill tables of results have in common: kept figures, programs, texts, tables.

Every figure is kept in WORK/figures.json under "row|seed", so an interrupted call goes on where it
stopped, and rows can be measured one by one.
"""
import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / ".build" / "release"


def run(command):
    """Output of a command and the processor seconds it took; ends everything where it fails."""
    print("+ " + " ".join(map(str, command)), file=sys.stderr, flush=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode != 0:
        sys.exit(f"the command above ended with {done.returncode}: {done.stdout.strip()}")
    return done.stdout, seconds


def answer(command):
    """The JSON object that a program prints, and its processor seconds."""
    output, seconds = run([*command, "--json", "--quiet"])
    return json.loads(output), seconds


def build(*products):
    """Builds programs that are not there yet."""
    for product in products:
        if not (BIN / product).exists():
            run(["swift", "build", "-c", "release", "--product", product])


def trained(program, folder, start):
    """Trains into a folder unless a whole run lies there; one that was cut off is continued.

    Returns what the program answered, with the processor minutes, which are unknown (None) for a run
    that was cut off or made by hand.
    """
    kept = folder / "answer.json"
    if kept.exists():
        return json.loads(kept.read_text())
    minutes = None
    if (folder / "last").exists():
        told, _ = answer([BIN / program, "--resume", folder])
    elif folder.exists():
        sys.exit(f"{folder} was cut off before its first checkpoint; delete it and call again.")
    else:
        told, seconds = answer([BIN / program, *start, "--output", folder])
        minutes = seconds / 60
    told["minutes"] = minutes
    kept.write_text(json.dumps(told, indent=1) + "\n")
    return told


def arguments(description, name, seeds):
    """The flags that all of these commands know."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", default=seeds)
    parser.add_argument("--rows", nargs="+", default=[""],
                        help="only rows whose name contains one of these texts")
    parser.add_argument("--steps", help="steps of every training, in place of the recipe's")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "runs" / name)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and end")
    parser.add_argument("--table", action="store_true", help="only write the table")
    return parser


class Figures:
    """Measured figures by row and seed, kept in a file."""

    def __init__(self, work):
        work.mkdir(parents=True, exist_ok=True)
        self.path = work / "figures.json"
        self.values = json.loads(self.path.read_text()) if self.path.exists() else {}

    def has(self, row, seed):
        return f"{row}|{seed}" in self.values

    def keep(self, row, seed, figures):
        self.values[f"{row}|{seed}"] = figures
        self.path.write_text(json.dumps(self.values, indent=1, sort_keys=True) + "\n")

    def of(self, row):
        """Figures of a row by seed."""
        return {key.rpartition("|")[2]: value for key, value in sorted(self.values.items())
                if key.rpartition("|")[0] == row}

    @property
    def seeds(self):
        return sorted({key.rpartition("|")[2] for key in self.values})


def text(values, digits=3):
    """Mean and, of several values, the smallest and largest."""
    values = [value for value in values if value is not None]
    if not values:
        return ""
    mean = statistics.mean(values)
    if len(values) == 1:
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def claims(figures, entries, column, digits=3):
    """Lines of a table of claims: what the second row has over the first, seed by seed."""
    lines = [f"| claim | rows | {column}: difference by seed | mean | seeds with the claimed sign |",
             "|---|---|---|---|---|"]
    for claim, first, second in entries:
        before, after = figures.of(first), figures.of(second)
        shared = [seed for seed in after if seed in before]
        if not shared:
            continue
        gains = [after[seed][column] - before[seed][column] for seed in shared]
        each = ", ".join(f"{gain:+.{digits}f}" for gain in gains)
        lines.append(f"| {claim} | {second} − {first} | {each} | {statistics.mean(gains):+.{digits}f} | "
                     f"{sum(gain > 0 for gain in gains)} of {len(gains)} |")
    return lines if len(lines) > 2 else []


def write(page, tool, lines):
    """Replaces what stands between the markers of a tool in a page."""
    path = ROOT / "docs" / page
    begin, end = f"<!-- tools/{tool} begins -->", f"<!-- tools/{tool} ends -->"
    old = path.read_text()
    if begin not in old:
        sys.exit(f"{path} has no line {begin}; put it and {end} where the table shall stand.")
    head, _, rest = old.partition(begin)
    path.write_text(head + begin + "\n" + "\n".join(lines) + "\n" + end + rest.partition(end)[2])
    print(f"{tool}: wrote {path.relative_to(ROOT)}", file=sys.stderr)
