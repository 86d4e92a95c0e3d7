"""What scripts/bench runs: the measuring, and the table.

A program is started as cheaply as the system allows (posix_spawn), its output thrown away, and what is counted
is the time from the start to its end, and the peak memory that the kernel says it had.
"""

import contextlib
import multiprocessing
import os
import platform
import pty
import select
import shutil
import socketserver
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

CREDSH, CARGO, *ONLY = sys.argv[1:]
TOKEN = "a-token-for-measuring-0123456789"
SCRIPT = """
for n in 0..parse_int(args.count) {
    registry::add(`r${n}`, `sparse+https://r${n}.example/index/`);
    login(`r${n}`, #{ from: "env:TOKEN" });
}
"""


class Registry(socketserver.StreamRequestHandler):
    """Every sparse registry on 127.0.0.1: all that `cargo login` asks for is config.json."""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        body = b'{"dl":"http://127.0.0.1/dl","api":"http://127.0.0.1"}'
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        # In one piece: two would wait for each other's acknowledgement, and Cargo for both.
        self.wfile.write(head + body)


@contextlib.contextmanager
def registries():
    with socketserver.TCPServer(("127.0.0.1", 0), Registry) as server:
        server.request_queue_size = 50
        process = multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True)
        process.start()
        yield f"sparse+http://127.0.0.1:{server.server_address[1]}"
        process.terminate()


BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
    "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
    <type>session</type>
    <listen>unix:path={folder}/bus</listen>
    <auth>EXTERNAL</auth>
    <policy context="default">
        <allow send_destination="*" eavesdrop="true"/>
        <allow eavesdrop="true"/>
        <allow own="*"/>
    </policy>
</busconfig>
"""


@contextlib.contextmanager
def keyring(folder):
    """A Secret Service on a bus of its own; nothing where this machine has none."""
    if not all(shutil.which(name) for name in ("dbus-run-session", "gnome-keyring-daemon", "secret-tool")):
        print("no row for the keyring: apt install dbus gnome-keyring libsecret-tools", file=sys.stderr)
        yield None
        return
    folder.mkdir()
    base = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    start = lambda words, more: subprocess.Popen(
        words, env=base | more, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    # The system's own configuration would have the bus start services by itself.
    (folder / "bus.conf").write_text(BUS.format(folder=folder))
    session = ["dbus-run-session", f"--config-file={folder}/bus.conf", "--", "sh", "-c"]
    bus = start([*session, 'echo "$DBUS_SESSION_BUS_ADDRESS"; read end'], {})
    found = {"DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().decode().strip(), "XDG_RUNTIME_DIR": str(folder)}
    daemon = start(["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"], found)
    daemon.stdin.write(b"password")
    daemon.stdin.close()
    time.sleep(1)
    try:
        yield found
    finally:
        daemon.kill()
        bus.stdin.close()
        bus.wait()


def run(home, *words, stdin=os.devnull, status=0, more={}):
    """Seconds from start to end, and peak memory in MB."""
    environment = {"CARGO_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"], "TOKEN": TOKEN, "NO_PROXY": "*"} | more
    files = [(0, stdin, os.O_RDONLY), (1, os.devnull, os.O_WRONLY), (2, str(home / "stderr"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)]
    actions = [(os.POSIX_SPAWN_OPEN, fd, path, flags, 0o600) for fd, path, flags in files]
    start = time.perf_counter()
    pid = os.posix_spawn(words[0], list(words), environment, file_actions=actions)
    _, ended, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(ended) != status:
        sys.exit(f"{' '.join(words)}: {(home / 'stderr').read_text()}")
    return seconds, usage.ru_maxrss / 1024


class Shell:
    """The interactive shell in a terminal of its own, and the time from a key to what it shows."""

    DRAWN = b"\x1b[?2026l"

    def __init__(self, home):
        environment = {"CARGO_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm"}
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execve(CREDSH, [CREDSH, "--no-history", "--no-rc"], environment)
        self.read()

    def read(self):
        seen = b""
        while not seen.endswith(self.DRAWN):
            seen += os.read(self.terminal, 65536)
        return seen

    def key(self, key, shows=b""):
        """Milliseconds, once nothing moves any more, until this is shown."""
        while select.select([self.terminal], [], [], 0.005)[0]:
            os.read(self.terminal, 65536)
        start = time.perf_counter()
        os.write(self.terminal, key)
        seen = self.read()
        seconds = time.perf_counter() - start
        if shows not in seen:
            sys.exit(f"{key} did not show {shows}: {seen}")
        return seconds * 1000

    def prompt(self):
        """Milliseconds from Enter, through an expression, to the next prompt."""
        self.line("6 * 7")
        start = time.perf_counter()
        os.write(self.terminal, b"\r")
        seen = b""
        while b"credsh" not in seen.partition(b"42")[2]:
            seen += self.read()
        return (time.perf_counter() - start) * 1000

    def line(self, text):
        for letter in text:
            self.key(letter.encode())

    def end(self):
        os.close(self.terminal)
        os.waitpid(self.process, 0)


class Bench:
    def __init__(self, folder, index):
        self.folder, self.index, self.rows, self.homes = folder, index, [], 0
        self.token = folder / "token"
        self.token.write_text(TOKEN)
        self.script = folder / "setup.rhai"
        self.script.write_text(SCRIPT)

    def home(self):
        self.homes += 1
        home = self.folder / f"home{self.homes}"
        home.mkdir()
        return home

    def set_up(self, count, home=None):
        """One script that adds and logs in so many registries; in an empty home, if no other is given."""
        return run(home or self.home(), CREDSH, "-f", str(self.script), "-s", f"count={count}")

    def configured(self, count):
        home = self.home()
        self.set_up(count, home)
        return home

    def logins(self, count):
        """So many `cargo login`s, the registries configured already; only the logins count."""
        home = self.home()
        tables = [f'[registries.r{n}]\nindex = "{self.index}/r{n}/"\n' for n in range(count)]
        (home / "config.toml").write_text("".join(tables))
        return sum(run(home, CARGO, "login", "--registry", f"r{n}", stdin=str(self.token))[0] for n in range(count))

    def compare(self, what, against, goal, one, other, rounds, scale=1, text=None):
        """Times one and the other in turn; the ratio is the median of those of the pairs."""
        if ONLY and not any(word in what for word in ONLY):
            return
        one(), other()
        pairs = [(one(), other()) for _ in range(rounds)]
        ratio = statistics.median(a / (b * scale) for a, b in pairs)
        shown = f"{ratio:.1f}x" if ratio >= 0.3 else f"1/{1 / ratio:.0f}" if ratio < 0.1 else f"1/{1 / ratio:.1f}"
        limit = float(goal.removesuffix("x")) if "/" not in goal else 1 / float(goal.removeprefix("1/"))
        times = [statistics.median(side) * 1000 for side in zip(*pairs)]
        self.rows.append((what, against, shown, goal, "yes" if ratio <= limit else "no"))
        print(f"{what} / {against}: {shown} ({times[0]:.2f} ms / {times[1] * scale:.2f} ms)", file=sys.stderr)

    def long_file(self):
        """A login of credsh and one of Cargo in a credentials file of 5 MB, each of another length than the last; and
        one of credsh that changes nothing."""
        home = self.home()
        (home / "config.toml").write_text(f'[registries.r1]\nindex = "{self.index}/r1/"\n')
        tables = "".join(f'[registries.r{n}]\ntoken = "{"x" * 40}{n}" # the {n}th\n' for n in range(60000))
        text = tables[: tables.index("\n[", 5_000_000) + 1]
        def fresh(*words, **options):
            (home / "credentials.toml").write_text(text)
            return run(home, *words, **options)
        login = (CREDSH, "login", "r1", "--from", "env:TOKEN")
        return (
            lambda: fresh(*login),
            lambda: fresh(CARGO, "login", "--registry", "r1", stdin=str(self.token)),
            lambda: fresh(*login, more={"TOKEN": "x" * 40 + "1"}),
        )

    def provider(self):
        """Cargo asks: from the start of credsh to its end."""
        index = "sparse+https://corp.example/index/"
        request = self.folder / "request"
        registry = f'"registry":{{"index-url":"{index}","name":"corp"}}'
        request.write_text(f'{{"v":1,{registry},"kind":"get","operation":"read","args":[]}}\n')
        home = self.home()
        run(home, CREDSH, "registry", "add", "corp", index, "--provider", CREDSH)
        login = [CREDSH, "login", "corp", "--from", "env:TOKEN"]
        run(home, *login, "--store", "sealed")
        ask = lambda home, more={}: run(home, CREDSH, "--cargo-plugin", stdin=str(request), more=more)[0]
        self.compare(
            "an answer to Cargo, sealed file and key file", "`/bin/true`", "3x",
            lambda: ask(home), lambda: run(home, "/bin/true")[0], 101,
        )
        others = {}
        for count in (10, 1000):
            others[count] = self.home()
            shutil.copytree(home, others[count], dirs_exist_ok=True)
            with (others[count] / ".credsh/tokens.toml").open("a") as ledger:
                for n in range(count - 1):
                    ledger.write(
                        f'\n[tokens."sparse+https://r{n}.example/index/".default]\nregistry = "r{n}"\n'
                        'store = "sealed"\nscheme = "raw"\ncreated = "2026-01-01"\n'
                    )
        self.compare(
            "the same with 1,000 tokens in the ledger", "with 10", "1.2x",
            lambda: ask(others[1000]), lambda: ask(others[10]), 101,
        )
        with keyring(self.folder / "keyring") as found:
            if found:
                home = self.home()
                run(home, CREDSH, "registry", "add", "corp", index, "--provider", CREDSH)
                run(home, *login, "--store", "keyring", more=found)
                lookup = [shutil.which("secret-tool"), "lookup", "service", "credsh", "username", f"default {index} {home.resolve()}"]
                self.compare(
                    "an answer to Cargo, keyring", "`secret-tool lookup`", "1.5x",
                    lambda: ask(home, found), lambda: run(home, *lookup, more=found)[0], 51,
                )

    def keys(self, home):
        """What a person waits for, the terminal included."""
        rows = [
            ("a Tab among 10,000 registries", "login r123", b"\t", b"r1239", 20),
            ("a key with its colours and hint, among as many", "login r123 --from env:CARG", b"O", b"CARGO", 2),
            ("the same in a line of Rhai", 'for r in registry::list() { login(r.name, #{ from: "env:CARG', b"O", b"CARGO", 2),
        ]
        for what, line, key, shows, goal in rows:
            if ONLY and not any(word in what for word in ONLY):
                continue
            shell = Shell(home)
            times = []
            for _ in range(31):
                shell.line(line)
                times.append(shell.key(key, shows))
                shell.key(b"\x15")
            shell.end()
            self.milliseconds(what, goal, iter(times).__next__, len(times))
        shell = Shell(home)
        self.milliseconds("a line of Rhai and the next prompt, among as many", 50, shell.prompt, 31)
        shell.end()

    def milliseconds(self, what, goal, of, rounds):
        if ONLY and not any(word in what for word in ONLY):
            return
        taken = statistics.median(of() for _ in range(rounds))
        shown = f"{taken:.0f} ms" if taken >= 10 else f"{taken:.2f} ms"
        self.rows.append((what, "", shown, f"{goal} ms", "yes" if taken <= goal else "no"))
        print(f"{what}: {shown}", file=sys.stderr)

    def memory(self, what, goal, of):
        if ONLY and not any(word in what for word in ONLY):
            return
        megabytes = statistics.median(of() for _ in range(3))
        self.rows.append((what, "", f"{megabytes:.0f} MB", f"{goal} MB", "yes" if megabytes <= goal else "no"))


def main():
    with tempfile.TemporaryDirectory() as folder, registries() as index:
        os.chdir(folder)
        bench = Bench(Path(folder), index)
        few = bench.configured(10)
        seconds = lambda *words, home=few: run(home, *words)[0]
        listing = lambda: seconds(CREDSH, "registry", "list")
        bench.compare("start, `registry list` of 10", "`/bin/true`", "3x", listing, lambda: seconds("/bin/true"), 101)
        bench.compare("start, `registry list` of 10", "one `cargo login`", "1/5", listing, lambda: bench.logins(1), 51)
        bench.compare(
            "a script adds and logs in 1,000", "1,000 `cargo login`s (50 timed, times 20)", "1/200",
            lambda: bench.set_up(1000)[0], lambda: bench.logins(50), 3, scale=20,
        )
        bench.compare("the same for 10,000", "for 1,000", "12x", lambda: bench.set_up(10000)[0], lambda: bench.set_up(1000)[0], 5)
        bench.memory("peak memory of the same for 10,000", 100, lambda: bench.set_up(10000)[1])
        many = bench.configured(10000)
        for words in (["why"], ["status"], ["token", "show"]):
            bench.compare(
                f"`{' '.join(words)} NAME` among 10,000", "among 10", "3x",
                lambda: seconds(CREDSH, *words, "r5", home=many), lambda: seconds(CREDSH, *words, "r5"), 21,
            )
        ours, cargos, idle = bench.long_file()
        bench.compare("a login in 5 MB of tokens", "one `cargo login` there", "1x", lambda: ours()[0], lambda: cargos()[0], 9)
        bench.milliseconds("what the commit takes of that", 150, lambda: (ours()[0] - idle()[0]) * 1000, 15)
        bench.memory("peak memory of a login in 5 MB", 300, lambda: ours()[1])
        bench.keys(many)
        bench.provider()
    head = ("what", "against", "ratio", "goal", "met")
    print(f"{date.today()}, {os.cpu_count()} cores {platform.machine().replace('_', '-')}\n")
    for row in (head, tuple("---" for _ in head), *bench.rows):
        print("| " + " | ".join(row) + " |")


main()
