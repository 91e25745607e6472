"""What the commands that fill tables of results have in common: kept figures, programs, texts, tables.

Every figure is kept in WORK/figures.json under "row|seed", so an interrupted call goes on where it
stopped, and rows can be measured one by one. A row that fails is named at the end; the others go on.
With every figure stand the threads it was measured with and the commit of the code that it is a figure of,
and the table says both.
"""
import argparse
import fcntl
import json
import pathlib
import resource
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / ".build" / "release"


class Failed(Exception):
    """A command that did not end well, in a sentence."""


def commit():
    """The commit that is checked out, with +changes where files differ from it; "" outside git."""
    def git(*words):
        done = subprocess.run(["git", "-C", str(ROOT), *words], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip() if done.returncode == 0 else None
    try:
        head = git("rev-parse", "--short", "HEAD")
        changes = git("status", "--porcelain", "--untracked-files=no")
    except OSError:
        return ""
    return (head + ("+changes" if changes else "")) if head else ""


# Commits of the trainings that the row in work rests on; one may be kept from an earlier call.
TRAINED = set()


def run(command):
    """Output of a command and the processor seconds it took."""
    print("+ " + " ".join(map(str, command)), file=sys.stderr, flush=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))} ended with {done.returncode}: "
                     f"{done.stdout.strip()}")
    return done.stdout, seconds


def answer(command):
    """The JSON object that a program prints, and its processor seconds."""
    output, seconds = run([*command, "--json", "--quiet"])
    return json.loads(output), seconds


def build(*products):
    """Builds programs where they are older than the sources."""
    for product in products:
        subprocess.run(["swift", "build", "--package-path", ROOT, "-c", "release", "--product", product],
                       stdout=sys.stderr, check=True)


def measured(figures, rows, options, measure):
    """Measures the rows asked for that are not known yet, all rows of a seed before the next seed.

    `measure` is given a row's name and a seed. Ends the program with 1 where a row failed, after the
    others and what the caller makes of them.
    """
    failures, code = [], commit()
    for seed in options.seeds:
        for name in rows:
            if not any(word in name for word in options.rows) or figures.has(name, seed):
                continue
            try:
                TRAINED.clear()
                found = measure(name, seed)
                figures.keep(name, seed, {**found, "threads": int(options.threads),
                                          "commit": " and ".join(sorted({code} | TRAINED))})
            except Failed as failure:
                print(f"{name}, seed {seed}: {failure}", file=sys.stderr, flush=True)
                failures.append(f"{name}, seed {seed}")
    return failures


def finish(failures):
    """Says which rows failed."""
    if failures:
        sys.exit("These rows failed, for the reasons above: " + "; ".join(failures))


def trained(program, folder, start):
    """Trains into a folder unless a whole run lies there; one that was cut off is continued.

    Returns what the program answered, with the processor minutes, which are unknown (None) for a run
    that was cut off or made by hand.
    """
    kept = folder / "answer.json"
    if kept.exists():
        told = json.loads(kept.read_text())
        TRAINED.add(told.get("commit", "an unknown one"))
        return told
    minutes = None
    if (folder / "last").exists():
        told, _ = answer([BIN / program, "--resume", folder])
    elif folder.exists():
        raise Failed(f"{folder} was cut off before its first checkpoint; delete it and call again.")
    else:
        told, seconds = answer([BIN / program, *start, "--output", folder])
        minutes = seconds / 60
    told["minutes"], told["commit"] = minutes, commit()
    kept.write_text(json.dumps(told, indent=1) + "\n")
    return told


def rendered_people(options, seed):
    """Videos with boxes of 60 people to learn from and labelled crops of 60 others, made once a seed."""
    data = options.work / f"people-{seed}"
    if not (data / "README.json").exists():
        run([BIN / "walkers", "benchmark", "--output", data, "--seed", seed])
    return data


def person_scores(model, data, common):
    """Scores on labelled crops, cross-camera and with each camera's mean removed."""
    figures = {}
    for key, protocol in [("", "cross-camera"), ("centred ", "camera-centred")]:
        score, _ = answer([BIN / "vision-evaluate", model, "--task", "reid", "--data", data,
                           "--protocol", protocol, *common])
        figures[key + "mAP"] = score["mAP"]
        figures[key + "rank1"] = score["rank1"]
        figures["queries"] = score["queries"]
        figures["gallery"] = score["gallery"]
    return figures


def arguments(description, name, seeds):
    """The flags that all of these commands know."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", default=seeds)
    parser.add_argument("--rows", nargs="+", default=[""],
                        help="only rows whose name contains one of these texts")
    parser.add_argument("--steps", help="steps of every training, in place of the recipe's")
    parser.add_argument("--work", type=pathlib.Path,
                        help=f"where runs and figures are kept (default: runs/{name}, or "
                             f"runs/{name}-STEPS with --steps, which shares no figure with it)")
    parser.add_argument("--threads", default="1", help="threads of every program (default: 1)")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and end")
    parser.add_argument("--table", action="store_true", help="only write the table")
    return parser


def parsed(parser, name):
    """The arguments, with the folder for runs and figures filled in."""
    options = parser.parse_args()
    if options.work is None:
        options.work = ROOT / "runs" / (f"{name}-{options.steps}" if options.steps else name)
    return options


class Figures:
    """Measured figures by row and seed, kept in a file."""

    def __init__(self, work):
        work.mkdir(parents=True, exist_ok=True)
        self.path = work / "figures.json"
        self.values = self.stored()

    def stored(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def has(self, row, seed):
        return f"{row}|{seed}" in self.values

    def keep(self, row, seed, figures):
        # Two calls with different rows or seeds may share a folder.
        with open(self.path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.values = {**self.values, **self.stored(), f"{row}|{seed}": figures}
            whole = self.path.with_suffix(".new")
            whole.write_text(json.dumps(self.values, indent=1, sort_keys=True) + "\n")
            whole.replace(self.path)

    def of(self, row):
        """Figures of a row by seed."""
        return {key.rpartition("|")[2]: value for key, value in sorted(self.values.items())
                if key.rpartition("|")[0] == row}

    @property
    def seeds(self):
        return sorted({key.rpartition("|")[2] for key in self.values})


def origin(figures):
    """What the figures were measured with, as they say themselves: threads and commits."""
    entries = list(figures.values.values())

    def of(key, name, missing):
        known = sorted({str(entry[key]) for entry in entries if entry.get(key)})
        lacking = sum(not entry.get(key) for entry in entries)
        parts = [name(known)] if known else []
        if lacking:
            parts.append(missing if not known else f"{missing} for {lacking} of {len(entries)} figures")
        return parts

    def threads(known):
        return " or ".join(known) + (" thread" if known == ["1"] else " threads")

    def commits(known):
        return ("commit " if len(known) == 1 else "commits ") + ", ".join(known)

    return ", ".join(of("threads", threads, "threads not recorded")
                     + of("commit", commits, "commit not recorded"))


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
    """Lines of a table of claims: what the second row has over the first, seed by seed.

    An entry is (claim, first row, second row), and may have a share behind: then the claim is that the
    second reaches that share of the first, else that it is above it.
    """
    lines = [f"| claim | rows | {column}: difference by seed | mean | second ÷ first | seeds where the "
             "claim holds |", "|---|---|---|---|---|---|"]
    for claim, first, second, *share in entries:
        before, after = figures.of(first), figures.of(second)
        shared = [seed for seed in after if seed in before]
        if not shared:
            continue
        gains = [after[seed][column] - before[seed][column] for seed in shared]
        ratios = [after[seed][column] / before[seed][column] for seed in shared]
        holding = sum(ratio >= share[0] for ratio in ratios) if share else sum(gain > 0 for gain in gains)
        each = ", ".join(f"{gain:+.{digits}f}" for gain in gains)
        lines.append(f"| {claim} | {second} − {first} | {each} | {statistics.mean(gains):+.{digits}f} | "
                     f"{statistics.mean(ratios):.2f} | {holding} of {len(gains)} |")
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
