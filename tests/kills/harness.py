"""Kills trainings at random moments, resumes them, and compares the end with one never killed.

A process that has imported everything waits; each attempt is a fork of it, so that a kill costs no
start. Some attempts are processes of their own, killed while they start.

    python tests/kills/harness.py --backend jax --kills 200 --seed 0 --out report.csv
"""

import argparse
import collections
import csv
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

MOMENTS = {
    "batch": ("kerasdl.data.batches:Batches.__getitem__", 24),
    "disk": ("os:fsync", 30),
    "rename": ("os:rename", 10),
    "removal": ("shutil:rmtree", 6),
    "replacement": ("os:replace", 5),
    "validation": ("keras:Model.evaluate", 3),
    "epoch end": ("kerasdl.training.log:MetricsLog.on_epoch_end", 3),
    "restoring": ("kerasdl.checkpoints.model_state:restore_model", 2),
    "preparing": ("kerasdl.training.carrying_out:prepare", 1),
    "finishing": ("kerasdl.training.carrying_out:_finish", 1),
}
"""A function that is called at such a moment, and about how often a run calls it."""
KILLS_A_RUN = 6
CONFIGS = (
    {
        "architecture": "mlp",
        "fields": {"widths": [16], "dropout": 0.3, "normalization": "batch"},
        "optimizer": "nesterov(momentum=0.9)",
        "learning_rate": 0.05,
        "patience": 3,
        "checkpoint_steps": 3,
    },
    {
        "architecture": "cnn",
        "fields": {"filters": [4], "dropout": 0.3},
        "optimizer": "adam",
        "ema": 0.9,
        "checkpoint_steps": 5,
        "keep_checkpoints": 1,
    },
)
COMMON = {"data": "digits", "epochs": 4, "batch_size": 128, "deterministic": True}


def attempt(folder: Path, values: dict, moment: str, count: int, after: bool) -> None:
    """Trains or resumes in this process, which is killed at the count-th call of the moment."""
    if moment == "clock":
        threading.Timer(count / 1000, _kill).start()
    elif moment != "none":
        _arm(MOMENTS[moment][0], count, after)
    from kerasdl.training import resume, train
    from kerasdl.training.config import make_config

    if (folder / "config.toml").is_file():
        resume(folder)
    else:
        train(make_config(values), folder)


def _arm(place: str, count: int, after: bool) -> None:
    import importlib

    module, _, name = place.partition(":")
    owner = importlib.import_module(module)
    *path, name = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    original, calls = getattr(owner, name), []

    def counted(*arguments, **named):
        calls.append(None)
        if len(calls) == count and not after:
            _kill()
        result = original(*arguments, **named)
        if len(calls) == count:
            _kill()
        return result

    setattr(owner, name, counted)
    for other in list(sys.modules.values()):  # who has imported it by name
        if (
            getattr(other, "__name__", "").startswith("kerasdl")
            and vars(other).get(name) is original
        ):
            setattr(other, name, counted)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def prepare(backend: str) -> None:
    """Imports what a training imports, and computes nothing: that would start threads."""
    import kerasdl.backend

    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # each attempt compiles
    kerasdl.backend.use(backend)
    import keras  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import sklearn.datasets  # noqa: F401
    import sklearn.metrics  # noqa: F401

    import kerasdl.data
    import kerasdl.plots
    import kerasdl.tasks
    import kerasdl.training.fitting  # noqa: F401
    from kerasdl.plugin import host

    host().states  # noqa: B018
    import kerasdl_cnn.cnn  # noqa: F401
    import kerasdl_mlp.mlp  # noqa: F401


def forked(folder: Path, values: dict, moment: str, count: int, after: bool) -> int:
    """The exit status of an attempt in a fork; -9 if it was killed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        log = os.open(folder.with_suffix(".log"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        attempt(folder, values, moment, count, after)
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def started(folder: Path, config: Path, backend: str, seconds: float) -> int:
    """The exit status of `kerasdl` in a process of its own, killed after so long."""
    begun = (folder / "config.toml").is_file()
    command = ["resume", folder] if begun else ["train", "--config", config, "--run-dir", folder]
    arguments = [
        sys.executable,
        "-m",
        "kerasdl",
        *command,
        *(() if begun else ("--backend", backend)),
    ]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def outcome(folder: Path) -> dict[str, bytes]:
    """All that a run ends with: every array of its model and optimizer, its metrics, its figures."""
    import h5py
    import numpy as np

    found = {"metrics.csv": (folder / "metrics.csv").read_bytes()}
    with zipfile.ZipFile(folder / "model.keras") as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))

    def keep(name, entry):
        if isinstance(entry, h5py.Dataset):
            array = np.array(entry)
            found[name] = f"{array.dtype} {array.shape}".encode() + array.tobytes()

    with h5py.File(weights) as file:
        file.visititems(keep)
    import json

    results = json.loads((folder / "results.json").read_text())
    found["results"] = json.dumps([results["test"], results["epochs"]]).encode()
    return found


def kill_until(backend: str, kills: int, seed: int, work: Path, tell=print) -> list[dict]:
    """Kills `kills` times, over as many runs as that takes; a row for each kill.

    Raises:
        AssertionError: If a run ends otherwise than the one never killed, or fails.
    """
    draw = random.Random(seed)
    prepare(backend)
    rows: list[dict] = []
    references = []
    for number, config in enumerate(CONFIGS):
        values = {**COMMON, **config, "backend": backend}
        reference = work / f"reference-{number}"
        if forked(reference, values, "none", 0, False):
            raise AssertionError(reference.with_suffix(".log").read_text()[-2000:])
        references.append((values, reference, outcome(reference)))
    run = 0
    while len(rows) < kills:
        values, reference, expected = references[run % len(references)]
        folder = work / f"run-{run}"
        killed = 0
        while True:
            moment, count, after = _moment(draw)
            done = killed >= KILLS_A_RUN or len(rows) >= kills
            if done:
                moment = "none"
            begun = time.monotonic()
            if moment == "start-up":
                status = started(folder, reference / "config.toml", backend, count / 1000)
            else:
                status = forked(folder, values, moment, count, after)
            if status == -signal.SIGKILL:
                killed += 1
                seconds = round(time.monotonic() - begun, 2)
                rows.append({"run": run, "moment": moment, "count": count, "seconds": seconds})
                if _has_ended(folder):
                    break
                continue
            if status:
                raise AssertionError(f"{folder}: status {status}\n{_log(folder)}")
            break
        found = outcome(folder)
        wrong = [name for name in expected if found.get(name) != expected[name]]
        if wrong or found.keys() != expected.keys():
            raise AssertionError(f"run {run}, killed {killed} times, differs in {wrong}")
        tell(f"run {run}: {killed} kills, {len(expected)} entries equal bit for bit")
        shutil.rmtree(folder)
        run += 1
    return rows


def _moment(draw: random.Random) -> tuple[str, int, bool]:
    kind = draw.random()
    if kind < 0.04:
        return "start-up", draw.randint(100, 6000), False
    if kind < 0.3:
        return "clock", draw.randint(300, 4000), False
    name = draw.choice(list(MOMENTS))
    return name, draw.randint(1, MOMENTS[name][1]), draw.random() < 0.5


def _has_ended(folder: Path) -> bool:
    """Whether only the report was missing when the run was killed."""
    import json

    try:
        return json.loads((folder / "results.json").read_text())["status"] == "finished"
    except OSError:
        return False


def _log(folder: Path) -> str:
    log = folder.with_suffix(".log")
    return log.read_text()[-2000:] if log.is_file() else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backend", default="jax")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    rows = kill_until(asked.backend, asked.kills, asked.seed, asked.work)
    counts = collections.Counter(row["moment"] for row in rows)
    print(f"{len(rows)} kills in {rows[-1]['run'] + 1} runs on {asked.backend}: {dict(counts)}")
    if asked.out:
        with asked.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
