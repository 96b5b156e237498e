"""Whatever comes in from outside: it is read or refused in one message, and nothing else happens.

Each test has a quick form and a long one: 10,000 inputs, unless it says that its reader is slow
(`most`), or `KERASDL_FUZZ` says another number.
"""

import contextlib
import os
import random
import re
import resource
import signal
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from kerasdl.errors import UserError

QUICK, LONG = 150, int(os.environ.get("KERASDL_FUZZ", 10_000))
WHOLE = 10_000
HANG = 60
"""Seconds after which a reader is taken to hang: a thousand times what any input here takes."""
MEMORY = 4 * 2**30
"""Bytes that a reader may ask for beyond what the process has; inputs here are small."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.chmod")
_STARTING = (
    "os.system",
    "subprocess.Popen",
    "os.fork",
    "os.exec",
    "socket.connect",
    "pickle.find_class",
)
_watches = []


def _hook(event, arguments):
    if _watches and _watches[-1] and (event in ("open", *_CHANGING, *_STARTING)):
        _watches[-1].note(event, arguments)


sys.addaudithook(_hook)


class Watch:
    """What is written or started outside of the folder that may be written to."""

    def __init__(self, free):
        # What JAX compiles is kept where the suite says, whatever a reader reads.
        kept = os.environ.get("JAX_COMPILATION_CACHE_DIR")
        self.free = tuple(f"{os.path.realpath(p)}{os.sep}" for p in (free, kept) if p)
        self.seen = []

    def note(self, event, arguments):
        if event == "open":
            path, mode, flags = arguments
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & _WRITING
            unnamed = path in (os.devnull, b"/dev/null", tempfile.gettempdir())
            if not writes or isinstance(path, int) or unnamed:
                return
        where = os.path.realpath(os.fsdecode(arguments[0])) if event not in _STARTING else ""
        if not f"{where}{os.sep}".startswith(self.free):
            self.seen.append((event, str(arguments[0])))


class Fuzz:
    """Runs a reader on spoiled inputs.

    `folder` is where inputs lie; `free`, below it, where a reader may write.
    """

    def __init__(self, examples, folder):
        self.examples, self.folder, self.free = examples, folder, folder / "free"
        self.free.mkdir()

    def write(self, name, content):
        """A file of that name and content, its path."""
        _watches.append(None)
        path = self.folder / name
        if "/" in name:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        _watches.pop()
        return path

    def run(self, strategy, act, *, most=WHOLE, allowed=(UserError,)):
        """`act` on values of the strategy, `most` of them in the long form, or their share."""

        @settings(
            max_examples=self.examples * most // WHOLE or 1,
            deadline=None,
            derandomize=self.examples == QUICK,
            database=None,
            print_blob=True,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def each(value):
            self._check(act, value, allowed)

        each()

    def _check(self, act, value, allowed):
        here = set(os.listdir(self.folder.parent))
        watch = Watch(os.path.realpath(self.free))
        try:
            with _in_time(), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # what a reader has to say
                _watches.append(watch)
                try:
                    act(value)
                finally:
                    _watches.pop()
        except allowed as refusal:
            assert str(refusal).strip()
        except BaseException:
            note(f"input: {value!r:.2000}")
            raise
        assert not watch.seen, watch.seen
        assert set(os.listdir(self.folder.parent)) == here


@contextlib.contextmanager
def _in_time():
    def late(*_):
        raise TimeoutError(f"not done after {HANG} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(
    params=[
        pytest.param(QUICK, id="quick", marks=pytest.mark.once),
        pytest.param(LONG, id="long", marks=[pytest.mark.long, pytest.mark.once]),
    ]
)
def fuzz(request, tmp_path, monkeypatch):
    folder = tmp_path / "given"
    folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.delenv("KERASDL_DATA", raising=False)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, before[1]))
    yield Fuzz(request.param, folder)
    resource.setrlimit(resource.RLIMIT_AS, before)
    assert os.listdir(tmp_path / "elsewhere") == []


TOKENS = [
    *(b"\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\xff" * 8),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xed\xa0\x80", b"\xc3", b"\xf4\x90\x80\x80"),
    *(b"\r", b"\r\n", b"\n", b"\n\n\n", b"\x85", b"\xe2\x80\xa8", b"\x0c", b"\x1a", b"\x1b[2J"),
    *(b'"', b"'", b"`", b",", b";", b"\t", b" ", b"=", b"#", b"\\", b"|", b"%s%n", b"{0.__class__}"),
    *(b"nan", b"inf", b"-inf", b"NA", b"1e999", b"-1", b"-0", b"9" * 30, b"9" * 400, b"9" * 5000, b"0x10", b"1_0"),
    *(b"1.5", b"true", b"False", b"None", b"null", b"[]", b"{}", b"()", b'""', b"1970-01-01", b"31.12.9999"),
    *(b"../../x", b"/etc/passwd", b"/dev/zero", b"..\\x", b"C:\\x", b"CON", b"~root", b"$HOME", b"$(x)"),
    *(b"file:///x", b"http://x.invalid/", b"@x", b"-", b"--", b"-h", b".", b"*", b"**", b">>", b"/"),
    *(b"[" * 3000, b"(" * 3000, b"{" * 3000, b"A" * 70_000, b"-" * 3000, b"1," * 3000, b"a=1\n" * 300),
    *("𝔘nicode".encode(), "\u202eabc".encode(), "e\u0301".encode() * 40, "ß".encode(), "\ufdfa".encode() * 40),
    *(b"<pad>", b"<eos>", b"1-2", b"8.1", b"__class__", b"lambda:0", b"__import__('os')", b"os.system"),
]  # fmt: skip


def _at(content, place):
    return place % (len(content) + 1)


def _number(content, place, value):
    found = list(re.finditer(rb"-?\d+", content))
    if not found:
        return content
    one = found[place % len(found)]
    put = [b"0", b"-1", b"4294967296", b"9" * 25, b"1e308", b"nan", b"0.5", b"", b"x"][value % 9]
    return content[: one.start()] + put + content[one.end() :]


MUTATIONS = [
    lambda c, p, v, o: c[: _at(c, p)],
    lambda c, p, v, o: c[_at(c, p) :],
    lambda c, p, v, o: c[: _at(c, p)] + bytes([v % 256]) + c[_at(c, p) + 1 :],
    lambda c, p, v, o: c[: _at(c, p)] + bytes([v % 256]) + c[_at(c, p) :],
    lambda c, p, v, o: c[: _at(c, p)] + c[_at(c, p) + v % 64 :],
    lambda c, p, v, o: c[: _at(c, p)] + c[_at(c, p) : _at(c, p) + 1 + v % 64] * (v % 50) + c[_at(c, p) :],
    lambda c, p, v, o: c[: _at(c, p)] + TOKENS[v % len(TOKENS)] + c[_at(c, p) :],
    lambda c, p, v, o: c[: _at(c, p)] + TOKENS[v % len(TOKENS)] + c[_at(c, p) + len(TOKENS[v % len(TOKENS)]) :],
    lambda c, p, v, o: c[: _at(c, p)] + o[_at(o, v) :],
    lambda c, p, v, o: c[: _at(c, p)] + c[_at(c, p) : _at(c, p) + 2 + v % 7][::-1] + c[_at(c, p) + 2 + v % 7 :],
    lambda c, p, v, o: _number(c, p, v),
    lambda c, p, v, o: c.replace(b"\n", [b"\r\n", b"\r", b"\n\n", b"\x85"][v % 4]),
    lambda c, p, v, o: c.decode("utf-8", "replace").encode(["utf-16", "utf-16-le", "utf-8-sig", "utf-32"][v % 4]),
    lambda c, p, v, o: c.decode("utf-8", "replace").encode("latin-1", "replace"),
    lambda c, p, v, o: (c * (1 + v % 40))[:200_000],
]  # fmt: skip
"""Of content, place, value and other content: a damaged content."""


def _spoil(corpus, seed):
    """One draw decides all: ten draws would take longer than most readers do."""
    draw = random.Random(seed)
    if draw.random() < 0.1:
        return draw.randbytes(draw.randrange(100))
    content = draw.choice(corpus)
    for _ in range(draw.randrange(5)):
        change = draw.choice(MUTATIONS)
        content = change(content, draw.getrandbits(16), draw.getrandbits(16), draw.choice(corpus))
    return content


def spoiled(corpus):
    """Sound contents, up to four times changed; and now and then any bytes."""
    return st.integers(0, 2**63).map(lambda seed: _spoil(corpus, seed))


def spoiled_text(corpus):
    """The same as texts, lone surrogates included."""
    changed = spoiled([text.encode() for text in corpus])
    texts = changed.map(lambda content: content.decode("utf-8", "surrogateescape"))
    return texts | st.text(max_size=20)


@pytest.fixture
def bytes_of():
    return spoiled


@pytest.fixture
def text_of():
    return spoiled_text
