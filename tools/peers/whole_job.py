"""The whole job, from a video to a trained network, started as a program of its own each time."""
import json
import os
import pathlib
import subprocess
import sys

PIPELINE = pathlib.Path(__file__).with_name("whole_job_pipeline.py")


def prepare(arguments):
    # Convolutions are faster where large buffers stay in the process; peer.py has set that already.
    environment = dict(os.environ, OMP_NUM_THREADS=str(arguments.threads))
    command = [
        sys.executable, str(PIPELINE), str(arguments.folder / "footage.avi"),
        "--threads", str(arguments.threads), "--output", str(arguments.folder / "peer-network.pt")]

    def run(*more):
        answer = subprocess.run(
            [*command, *more], check=True, env=environment, capture_output=True, text=True)
        return json.loads(answer.stdout.splitlines()[-1])

    facts = run("--facts")
    return run, facts["frames"], facts["library"]
