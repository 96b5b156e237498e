"""The command line: whatever is typed, status 0 or 2, and nothing is left behind.

No command here can train for long: data sets are of a few rows or not there.
"""

import json
import os
import shutil
import warnings

import pytest
from hypothesis import strategies as st

from kerasdl.cli import main
from kerasdl.errors import UserError

COMMANDS = [
    "list --task image-classification --json",
    "list mlp*",
    "describe mlp --json",
    "describe resnet18 --input-shape 8,8,3 --outputs 3",
    "data list --json",
    "data show tiny.csv --target y --json",
    "data show tiny.csv --image-size 8x8",
    "data show absent.npz",
    "data check tiny.csv --target y --json",
    "diagnose absent --data tiny.csv --target y",
    "runs list . --json",
    "runs show run --json",
    "runs show run --html",
    "runs compare run run --out free",
    "train mlp --data absent.csv --target y --set widths=8,8 --set dropout=0.1 --epochs 1",
    "train mlp --data tiny.csv --target z --task tabular-regression --fold 1/2 --seed 3 --patience 1",
    "train mlp --data tiny.csv --target y --optimizer nope(a=1) --loss mse --schedule cosine --batch-size 2",
    "train --config absent.toml --run-dir free --from absent --freeze dense*",
    "train cnn --data absent --image-size 8,8 --augment random-shift(pixels=2) --mix mixup(alpha=0.2)",
    "train gpt --data absent.txt --tokenizer bpe(vocab_size=300) --context 8 --overlong cut --horizon 3",
    "evaluate absent --split test --backend jax",
    "evaluate run --json",
    "predict absent tiny.csv --json --beams 3 --length-penalty 0.5",
    "predict run tiny.csv",
    "generate absent text --tokens 3 --top-k 2 --temperature 0.5 --stop x",
    "look absent --layer a --class b --count 3 --out free",
    "compress absent --threshold 0.1 --epochs 0 --keep --run-dir free",
    "schedule 0.001*(warmup(10)>>cosine(90)) --steps 100 --rows 3 --json",
    "schedule epochs(3) --steps-per-epoch 10",
    "gradcheck absent --set a=1 --input-shape 4 --samples 1",
    "plugins list --json",
    "plugins prefer resnet18 nobody",
    "plugins lock --check --file absent.toml",
    "plugins check absent --only no-such",
    "plugins new kerasdl-x --folder tiny.csv --task forecasting --kind no-such",
    "reproduce list --json",
    "reproduce show fashion-mnist-mlp",
    "reproduce run absent --seeds 1 --backend jax",
    "backends --json",
    "--version",
    "--help",
    "--no-plugin mlp list",
    "",
]
PLACES = {"--run-dir", "--out", "--folder", "--file", "--png"}
"""Options after which a command may write wherever it is told to: here, always to `free`."""
SLOW = (["backends"], ["plugins", "check"], ["reproduce", "run"], ["gradcheck"], ["diagnose"])
"""Commands that start processes or train, run only with a name that means nothing."""
WORDS = sorted({word for command in COMMANDS for word in command.split()})


def changed(words, swaps):
    """A command with words changed, put in, left out or doubled."""
    words = list(words)
    for kind, place, word in swaps:
        place %= len(words) + 1
        words[place : place + kind % 3] = [word] * (1 + kind // 3)
    return words


def harmless(words):
    """Whether a command can only fail, or is over in no time."""
    slow = any(words[: len(command)] == command for command in SLOW)
    return not slow or ("absent" in words and not {"mlp", "fashion-mnist-mlp"} & set(words))


def settled(words):
    """The words, with a place of ours after each option that names one, and as a system gives them."""
    for place, word in enumerate(words[:-1]):
        if word.partition("=")[0] in PLACES:
            words[place : place + 2] = [word.partition("=")[0], "free"]
    kept = [word.replace("\0", "") for word in words if word not in PLACES or word != words[-1]]
    return [os.fsdecode(word.encode("utf-8", "surrogateescape")) for word in kept]


@pytest.fixture
def commands(text_of):
    swap = st.tuples(
        st.integers(0, 5),
        st.integers(0, 30),
        st.sampled_from(WORDS) | text_of(WORDS) | st.sampled_from(["-1", "0", "1e999", "nan", "9" * 30, ""]),
    )  # fmt: skip
    sound = st.sampled_from([command.split() for command in COMMANDS])
    return st.builds(changed, sound, st.lists(swap, max_size=3)).filter(harmless).map(settled)


@pytest.fixture
def files(fuzz, monkeypatch):
    """Where commands run: a small table, and a run's folder without a model."""
    fuzz.write("tiny.csv", b"a,y\n" + b"".join(b"%d,%d\n" % (n, n % 2) for n in range(8)))
    fuzz.write("run/config.toml", b'architecture = "mlp"\ndata = "tiny.csv"\ntarget = "y"\n')
    inputs = {"kind": "arrays", "shape": [1]}
    about = {"task": "tabular-classification", "labels": ["0", "1"], "inputs": inputs}
    fuzz.write("run/task.json", json.dumps(about).encode())
    monkeypatch.chdir(fuzz.folder)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(fuzz, "free", fuzz.folder)
    return fuzz


def test_command(files, commands, capfd, monkeypatch):
    def fit(*_):
        raise UserError("here training would begin")

    monkeypatch.setattr("kerasdl.training.fitting.fit", fit)
    kept = set(os.listdir())

    def act(words):
        monkeypatch.setenv("KERASDL_DISABLE_PLUGINS", "")
        with pytest.raises(SystemExit) as left:
            main(words)
        said = capfd.readouterr()
        assert left.value.code in (0, None, 2), said.err[-2000:]
        assert "Traceback" not in said.err
        assert left.value.code != 2 or "error: " in said.err
        for name in set(os.listdir()) - kept:
            shutil.rmtree(name) if os.path.isdir(name) else os.remove(name)

    with pytest.raises(SystemExit):  # what a first training imports may write caches
        main(["train", "mlp", "--data", "tiny.csv", "--target", "y"])
    files.run(commands, act)
