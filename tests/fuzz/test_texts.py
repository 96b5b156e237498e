"""Tables, series, texts and annotated texts, packed and not."""

import gzip
import lzma

import pytest
from hypothesis import strategies as st

from kerasdl.data import Inputs, load, prepare, read_columns, read_lines, read_parallel, split
from kerasdl.data.csv_frame import read_frame
from kerasdl.data.inputs import Column
from kerasdl.data.text_readers import read_conllu

TABLES = [
    b"a,b,y\n1,x,0\n2,y,1\n3,,0\n4,x,1\n5,y,0\n",
    b"when;load;y\n2024-12-31;1.5;a\n2025-01-01;2.5;b\n2025-01-02;nan;a\n",
    b'a\tb\ty\n"1"\t"two\nlines"\t1\n2\t"quoted ""x"""\t0\n3\tz\t1\n',
    b"a,y\n31.12.2024,0.5\n01.01.2025,1.5\n,2.5\n",
    b"a,b\n" + b"".join(b"%d,%d\n" % (n, n % 3) for n in range(60)),
    "größe,y\n1,ä\n2,ö\n".encode(),
]
TEXTS = [
    b"To be, or not to be: that is the question.\nWhether 'tis nobler\nin the mind\nto suffer\n",
    b"ein Haus\ta house\nein Hund\ta dog\nzwei Hunde\ttwo dogs\neine Katze\ta cat\n",
    "naïve café\n日本語のテキスト\nمرحبا\n\n  \nlast".encode(),
    b"text,label\ngood film,1\nbad film,0\nfine,1\npoor,0\n",
]
CONLLU = [
    b"# text = a dog\n1\ta\ta\tDET\tDT\t_\t2\tdet\t_\t_\n2\tdog\tdog\tNOUN\tNN\tNumber=Sing\t0\troot\t_\t_\n\n"
    b"1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n1\tdo\tdo\tAUX\t_\t_\t0\t_\t_\t_\n2\tn't\tnot\tPART\t_\t_\t1\t_\t_\t_\n2.1\tx\t_\t_\t_\t_\t_\t_\t_\t_\n\n",
]  # fmt: skip
PACKERS = {"": bytes, ".gz": lambda content: gzip.compress(content, 1), ".xz": lzma.compress}


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_table(fuzz, bytes_of, ending):
    fuzz.run(bytes_of(TABLES), lambda content: read_frame(fuzz.write(f"a{ending}", content)))


@pytest.mark.parametrize("ending", [".gz", ".xz"])
def test_packed(fuzz, bytes_of, ending):
    packed = bytes_of([PACKERS[ending](content) for content in TABLES])
    fuzz.run(packed, lambda content: read_frame(fuzz.write(f"a.csv{ending}", content)))


@pytest.mark.parametrize("target", ["y", "b", ("a", "y")], ids=str)
@pytest.mark.parametrize(
    "task", [None, "forecasting", "tabular-regression", "multi-label-classification"]
)
def test_table_as_data(fuzz, bytes_of, target, task):
    def act(content):
        data = load(fuzz.write("a.csv", content), target=target, task=task)
        prepare(split(data, 0), context=2 if task == "forecasting" else None)

    fuzz.run(bytes_of(TABLES), act, most=850)


@pytest.mark.parametrize("empty", ["keep", "skip", "refuse"])
def test_lines(fuzz, bytes_of, empty):
    fuzz.run(bytes_of(TEXTS), lambda content: read_lines(fuzz.write("a.txt", content), empty))


def test_parallel(fuzz, bytes_of):
    def act(contents):
        source, target = (fuzz.write(f"{n}.txt", content) for n, content in enumerate(contents))
        read_parallel(source, target)

    fuzz.run(st.tuples(bytes_of(TEXTS), bytes_of(TEXTS)), act)


def test_parallel_in_two_columns(fuzz, bytes_of):
    fuzz.run(bytes_of(TEXTS), lambda content: read_parallel(fuzz.write("a.tsv", content)))


@pytest.mark.parametrize("column", ["text", 0, -1, "", True], ids=repr)
@pytest.mark.parametrize("quoted", [None, True, False])
def test_columns(fuzz, bytes_of, column, quoted):
    def act(content):
        read_columns(fuzz.write("a.csv", content), column, quoted=quoted)

    fuzz.run(bytes_of([*TEXTS, *TABLES]), act, most=700)


def test_conllu(fuzz, bytes_of):
    fuzz.run(
        bytes_of(CONLLU),
        lambda content: read_conllu(fuzz.write("a.conllu", content), "form", "upos"),
    )


@pytest.mark.parametrize(
    ("name", "task", "target"),
    [
        ("a.txt", None, None),
        ("a.txt", "masked-language-modelling", None),
        ("a.txt", "autoencoding", None),
        ("a.tsv", "sequence-to-sequence", None),
        ("a.csv", "text-classification", "label"),
        ("a.conllu", None, None),
    ],
    ids=lambda value: str(value),
)
def test_text_as_data(fuzz, bytes_of, name, task, target):
    def act(content):
        data = load(fuzz.write(name, content), task=task, target=target)
        tokenizer = "words" if name.endswith("conllu") else "bpe(vocab_size=270)"
        prepare(split(data, 0, validation=0.3, test=0.3), tokenizer=tokenizer, context=8)

    corpus = CONLLU if name.endswith("conllu") else TEXTS
    fuzz.run(bytes_of(corpus), act, most=1_700)


@pytest.mark.parametrize("kind", ["table", "series"])
def test_inputs_of_a_trained_model(fuzz, bytes_of, kind):
    columns = (Column("a"), Column("b", "categorical", ("x", "y")), Column("when", "date"))
    columns = columns[:2] if kind == "table" else columns[:1]
    inputs = Inputs(kind=kind, shape=(2,) if kind == "table" else (2, 1), columns=columns)
    fuzz.run(
        bytes_of(TABLES), lambda content: inputs.read([fuzz.write("a.csv", content)]), most=5_000
    )


def test_any_path(fuzz, text_of):
    """A source that may be a name, a path, or nothing of the kind."""
    paths = [
        "digits",
        "iris",
        "a.csv",
        "./x",
        "/etc/passwd",
        "/dev/zero",
        "/dev/stdin.csv",
        "~/x.npz",
        "x" * 300,
    ]
    names = text_of(paths).filter(lambda text: text not in ("digits", "iris"))
    fuzz.run(names, lambda name: load(name, target="y"))


@pytest.mark.parametrize(
    "name",
    ["a.csv", "a.txt", "a.npy", "a.npz", "a.conllu", "a.csv.gz", "a-images-idx3-ubyte", "a.png"],
)
def test_a_device_is_not_read(fuzz, name):
    """It would never end."""
    from kerasdl.errors import UserError

    (fuzz.folder / name).symlink_to("/dev/zero")
    target = str(fuzz.folder / name) if name == "a.npy" else None
    fuzz._check(lambda path: load(path, target=target), fuzz.folder / name, (UserError,))
