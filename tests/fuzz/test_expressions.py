"""What users write in one line: components, schedules, fields, sizes."""

import pytest
from hypothesis import strategies as st

from kerasdl.calls import read_call
from kerasdl.cli import options
from kerasdl.data import prepare, texts_data
from kerasdl.models import create_model, list_models, model_info, parse_fields
from kerasdl.schedules import parse_schedule
from kerasdl.schedules.known import known_schedules
from kerasdl.training.components import make_component, make_mixing

SCHEDULES = [
    "0.001 * (warmup(100) >> cosine(900, 0.1))",
    "warmup(epochs(1)) >> cosine(epochs(9), final=0)",
    "step([10, 20], [1, 0.1, 0.01]) * -3",
    "one_cycle(100) >> hold(10) >> exponential(5, rate=0.9)",
    "warmup_stable_decay(1, 2, 3, shape='linear')",
]
CALLS = {
    "optimizer": ["nesterov(momentum=0.95)", "adam(beta_1=0.8, epsilon=1e-7)", "kerasdl:sam"],
    "loss": ["huber(delta=2.0)", "softmax-cross-entropy(label_smoothing=0.1)", "mse"],
    "regularizer": ["weight-elimination(strength=1e-5, scale=0.1)", "l2(l2=0.01)"],
    "callback": ["throughput", "gradient-monitor(every=10)", "early_stopping(patience=3)"],
    "layer": ["random-shift(pixels=2)", "dropout(rate=0.5)", "dense(units=3)"],
}
FIELDS = ["widths=64,32", "dropout=0.5", "activation=relu", "filters=(8,16)", "x=[1,2]", "a=none"]


def test_call(fuzz, text_of):
    texts = [text for calls in CALLS.values() for text in calls]
    fuzz.run(text_of([*texts, "a(b=[1, 'x', None, True])"]), lambda text: read_call("x", text))


@pytest.mark.parametrize("kind", CALLS)
def test_component(fuzz, text_of, kind):
    fuzz.run(text_of(CALLS[kind]), lambda text: make_component(kind, text), most=5_000)


def test_mixing(fuzz, text_of):
    fuzz.run(text_of(["mixup(alpha=0.2)", "cutmix"]), make_mixing)


def test_schedule(fuzz, text_of):
    known = known_schedules()

    def act(text):
        repr(parse_schedule(text, known))

    fuzz.run(text_of(SCHEDULES), act)


def test_tokenizer(fuzz, text_of):
    texts = [
        "words(min_count=2, lowercase=True)",
        "bpe(vocab_size=270, specials=['<x>'])",
        "characters",
        "unigram(vocab_size=20)",
    ]
    data = texts_data({"train": (["to be", "or not"], None)}, "masked-language-modelling", name="x")
    fuzz.run(text_of(texts), lambda text: prepare(data, tokenizer=text))


def test_field(fuzz, text_of):
    """Every field of every architecture."""
    records = [model_info(name) for name in list_models()]
    fields = [field for record in records for field in record.config]

    def act(drawn):
        field, text = drawn
        value = field.parse(text)
        assert field.check(value) == value

    fuzz.run(
        st.tuples(st.sampled_from(fields), text_of(FIELDS).map(lambda t: t.partition("=")[2])), act
    )


def test_set(fuzz, text_of):
    fuzz.run(
        st.lists(text_of(FIELDS), max_size=3),
        lambda texts: parse_fields("mlp", options.settings(texts)),
    )


def test_sizes(fuzz, text_of):
    def act(text):
        options.columns(text)
        options.size(text)
        options.shape("--input-shape", text)

    fuzz.run(text_of(["28,28,1", "32x48", "a,b", "8"]), act)


def test_name_of_a_model(fuzz, text_of):
    def act(text):
        if text not in known:
            create_model(text, input_shape=(4,), num_classes=2)

    known = set(list_models())
    fuzz.run(text_of(["mlp", "resnet18", "kerasdl-mlp:mlp", "no:such"]), act)


def test_sizes_of_a_model(fuzz):
    """Short forms of any kind: refused, or built small."""
    sizes = st.one_of(
        st.integers(-3, 6), st.none(), st.text(max_size=3), st.floats(), st.booleans()
    )
    shapes = st.one_of(sizes, st.lists(sizes, max_size=4))

    def act(drawn):
        shape, classes, widths = drawn
        create_model("mlp", input_shape=shape, num_classes=classes, widths=widths)

    fuzz.run(st.tuples(shapes, sizes, shapes), act, most=1_000)
