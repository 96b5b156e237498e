"""What runs, people and plugins leave in files: configurations, forms, settings, locks, cards."""

import json
import types

import pytest
from hypothesis import strategies as st

import kerasdl.cards.card as card_room
from kerasdl.backend.choice import choose
from kerasdl.cards.reproduce import _circumstances
from kerasdl.cli.results import print_results
from kerasdl.data import Form, Inputs, Tokenizer, train_tokenizer
from kerasdl.data.text_form import TextForm
from kerasdl.errors import UserError
from kerasdl.models.loading import run_origins
from kerasdl.plugin import Card, host
from kerasdl.plugin.lock import lock_in_force, read_lock
from kerasdl.settings import read_settings, remove_setting, write_setting
from kerasdl.small_files import as_written, read_json
from kerasdl.tasks import get_task
from kerasdl.training.config import make_config, read_config

CONFIGS = [
    b'architecture = "mlp"\ndata = "iris"\nepochs = 3\nimage_size = [8, 8]\nfold = "2/5"\nseed = 0\n'
    b'callbacks = ["throughput"]\nlearning_rate = 1e-3\n[fields]\nwidths = [8, 8]\n',
    b'architecture = "cnn"\ndata = "x.csv"\ntarget = ["a", "b"]\nvalidation = 0.1\nbackend = "jax"\n'
    b'test_time_flip = true\ncontext = 64\ntokenizer = "bpe(vocab_size=300)"\n',
]
SETTINGS = [
    b'backend = "jax"\nlock = "x.lock.toml"\n\n[prefer]\nresnet = "kerasdl-resnet"\n',
    b'backend = 3\nprefer = "x"\n',
]
LOCKS = [
    b'format = 1\n\n[[plugin]]\ndistribution = "kerasdl-mlp"\nname = "mlp"\nversion = "0.1.0"\n'
    b'entry_point = "kerasdl_mlp.plugin"\nsha256 = "' + b"0" * 64 + b'"\n',
]
CARDS = [
    b'metric = "accuracy"\ndevice = "cpu"\nminutes = 1.5\nnote = "x"\nfolds = 5\n\n[run]\n'
    b'architecture = "cnn"\ndata = "digits"\n\n[published]\nvalue = 0.9\nsource = "x"\nprotocol = "y"\n\n'
    b'[[ours]]\nvalue = 0.9\nseeds = 1\nbackend = "jax 1"\nversions = "x"\nhardware = "y"\n'
    b'minutes = 2\ndate = "2026-01-01"\n',
    b'metric = "loss"\ndevice = "gpu"\ngoal = 1.0\nlower_is_better = true\n[run]\n[pretrain]\n[baseline]\n',
]
RESULTS = [
    json.dumps(
        {
            "status": "finished",
            "epochs": 3,
            "seconds": 1.5,
            "first_step_seconds": 0.5,
            "parameters": 10,
            "test": {"accuracy": 0.9, "loss": None},
            "table": [{"class": "a", "recall": 0.5}],
            "notes": {"accuracy": "x"},
        }
    ).encode()
]
ENVIRONMENTS = [
    json.dumps(
        {
            "kerasdl": "0.1.0",
            "platform": "Linux-x-with-y",
            "processors": 2,
            "backend": "jax",
            "devices": ["cpu:0"],
            "packages": {"keras": "3.15.1", "jax": "0.10.2"},
            "plugins": [{"distribution": "kerasdl-mlp", "plugin": "mlp", "version": "0"}],
        }
    ).encode()
]


def tokenizer(kind):
    sizes = {"bpe": 262, "unigram": 24}
    return train_tokenizer(["to be or not to be <x>"], kind, sizes.get(kind), specials=["<x>"])


def form(inputs, **more):
    return json.dumps({"task": "text-classification", "labels": ["a"], "inputs": inputs, **more})


WORDS = {"context": 4, "bos": True, "eos": False, "keep": "first", **tokenizer("words").to_dict()}
LETTERS = {"context": 4, **tokenizer("characters").to_dict()}
FORMS = [
    form({"kind": "tokens", "shape": [4], "dtype": "int32", "text": WORDS}, target=LETTERS),
    form({"kind": "words", "shape": [4, 5], "dtype": "int32", "text": WORDS, "characters": LETTERS}),
    form({"kind": "images", "shape": [4, 4, 1], "dtype": "uint8", "value_range": [0.0, 255.0], "resize": True}),
    form(
        {
            "kind": "table",
            "shape": [2],
            "columns": [{"name": "a", "kind": "categorical", "categories": ["x"]}, {"name": "b", "kind": "date"}],
        }
    ),
]  # fmt: skip
FORMS = [text.encode() for text in FORMS]


def values():
    """Anything that JSON or TOML can hold."""
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    return st.recursive(
        plain, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3), max_leaves=6
    )  # fmt: skip


def with_odd_values(corpus, loads=json.loads):
    """Sound contents with one value, at any depth, put in another's place."""

    def put(content, place, value):
        tree = loads(content)
        spots = []

        def walk(node):
            for key in node if isinstance(node, dict) else range(len(node)):
                spots.append((node, key))
                if isinstance(node[key], dict | list):
                    walk(node[key])

        walk(tree)
        node, key = spots[place % len(spots)]
        node[key] = value
        return json.dumps(tree).encode()

    return st.builds(put, st.sampled_from(corpus), st.integers(0, 10_000), values())


def test_configuration(fuzz, bytes_of):
    def act(content):
        config = make_config(read_config(fuzz.write("config.toml", content)))
        assert config.fold_numbers is None or len(config.fold_numbers) == 2
        config.save(fuzz.free / "config.toml")
        assert repr(make_config(read_config(fuzz.free / "config.toml"))) == repr(config)

    fuzz.run(bytes_of(CONFIGS), act)


def test_values_of_a_configuration(fuzz):
    from kerasdl.training.config import names

    sound = {"architecture": "mlp", "data": "iris"}
    given = st.dictionaries(st.sampled_from(names()), values(), max_size=3)
    fuzz.run(given, lambda changes: make_config({**sound, **changes}))


def opened(fuzz, content):
    """What `kerasdl predict` does with a run's `task.json`, then with a text."""
    path = fuzz.write("task.json", content)
    about = read_json(path, "run file")
    with as_written(path, "run file"):
        get_task(about["task"])
        found = Form.from_dict(about)
    if found.inputs.kind in ("tokens", "words"):
        found.inputs.read(["to be <x>  or", "x"])
    assert Form.from_dict(found.to_dict()).to_dict() == found.to_dict()


def test_form_of_a_run(fuzz, bytes_of):
    fuzz.run(
        st.one_of(bytes_of(FORMS), with_odd_values(FORMS)), lambda content: opened(fuzz, content)
    )


@pytest.mark.parametrize("kind", ["characters", "words", "bpe", "unigram"])
def test_tokenizer(fuzz, bytes_of, kind):
    corpus = [json.dumps(tokenizer(kind).to_dict()).encode()]

    def act(content):
        found = Tokenizer.load(fuzz.write("tokenizer.json", content))
        numbers = found.encode(["to be <x>", "ß 日本"])
        assert all((row >= 0).all() and (row < found.vocab_size).all() for row in numbers)
        found.decode(numbers[0])

    fuzz.run(st.one_of(bytes_of(corpus), with_odd_values(corpus)), act, most=5_000)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(?:a|a)*$"])
def test_a_pattern_of_ones_own_is_refused(pattern):
    """It would take for ever on a text made for it."""
    state = tokenizer("words").to_dict()
    state["tokenizer"]["pre_tokenizer"]["pattern"]["Regex"] = pattern
    with pytest.raises(UserError, match="of the parts that the kind 'words' has here"):
        Tokenizer.from_dict(state)


@pytest.mark.parametrize("context", [0, -1, 2**31, 2**60, 1.5, "4", None, True])
def test_a_context_that_cannot_be_is_refused(context):
    with pytest.raises(UserError, match="`context` must be a whole number"):
        TextForm.from_dict({**WORDS, "context": context})


def test_an_input_that_no_memory_holds_is_refused():
    with pytest.raises(UserError, match="`shape` may be of 268435456 values"):
        Inputs.from_dict({"kind": "images", "shape": [2**20, 2**20, 3]})


def test_a_file_is_named_once(tmp_path):
    (tmp_path / "task.json").write_text("[")
    with pytest.raises(UserError) as caught, as_written(tmp_path / "task.json", "run file"):
        read_json(tmp_path / "task.json", "run file")
    assert str(caught.value).count("task.json") == 1


@pytest.mark.parametrize("name", ["results.json", "environment.json", "origins"])
def test_what_a_run_left(fuzz, bytes_of, name, capsys):
    corpus = RESULTS if name == "results.json" else ENVIRONMENTS

    def act(content):
        if name == "results.json":
            fuzz.write(name, content)
            print_results(fuzz.folder)
        elif name == "environment.json":
            fuzz.write(name, content)
            _circumstances(fuzz.folder)
        else:
            fuzz.write("config.toml", b'architecture = "mlp"')
            fuzz.write("environment.json", content)
            run_origins(fuzz.folder)
        capsys.readouterr()

    fuzz.run(st.one_of(bytes_of(corpus), with_odd_values(corpus)), act)


def test_settings(fuzz, bytes_of, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(fuzz.free))
    monkeypatch.delenv("KERASDL_PLUGINS_LOCK", raising=False)
    monkeypatch.setattr(fuzz, "folder", fuzz.free)

    def act(content):
        fuzz.write("kerasdl/settings.toml", content)
        read_settings()
        write_setting("prefer", "resnet", value="x")
        assert read_settings()["prefer"]["resnet"] == "x"
        remove_setting("backend")
        lock_in_force()
        choose()

    (fuzz.free / "kerasdl").mkdir()
    fuzz.run(bytes_of(SETTINGS), act)


def test_lock(fuzz, bytes_of):
    fuzz.run(bytes_of(LOCKS), lambda content: read_lock(fuzz.write("a.lock.toml", content)))


def test_card(fuzz, bytes_of, monkeypatch):
    provider = types.SimpleNamespace(
        record=Card(name="x", file="x:x"), plugin=types.SimpleNamespace(distribution="x")
    )
    monkeypatch.setattr(card_room, "_path", lambda record: fuzz.folder / "card.toml")

    def act(content):
        fuzz.write("card.toml", content)
        card = card_room._read(provider)
        card.reached(0.5)

    fuzz.run(bytes_of(CARDS), act)


def test_shown_card(fuzz, bytes_of, monkeypatch, capsys):
    from kerasdl.cli import reproduce

    provider = next(iter(host().catalog.providers("card")))
    monkeypatch.setattr(card_room, "_path", lambda record: fuzz.folder / "card.toml")

    def act(content):
        fuzz.write("card.toml", content)
        reproduce.show(provider.record.name)
        capsys.readouterr()

    fuzz.run(bytes_of(CARDS), act, most=3_000)
