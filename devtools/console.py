"""What the user sees: steps with their time, progress of long commands, and errors with a way out."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

STARTED = time.monotonic()
PROGRESS_EVERY = 10  # seconds between progress lines where the output is no terminal


class Problem(Exception):
    """Something the user has to know: what is wrong, and what to do about it."""


def say(text=""):
    print(text, flush=True)


class Terminated(KeyboardInterrupt):
    """`kill` instead of Ctrl-C: the children have not been told yet."""


class Step:
    """One step of a command; `progress` tells how far it is, on one line that rewrites itself in a terminal."""

    def __init__(self, title):
        self.title = title
        self.start = self.last = time.monotonic()
        self.width = 0

    def progress(self, text):
        now = time.monotonic()
        if sys.stdout.isatty():
            columns = os.get_terminal_size().columns
            line = f"   {now - self.start:4.0f} s  {text}"[: columns - 1]
            print(f"\r{line:<{self.width}}", end="", flush=True)
            self.width = len(line)
        elif now - self.last >= PROGRESS_EVERY:
            self.last = now
            say(f"   {now - self.start:4.0f} s  {text}")

    def clear(self):
        if self.width:
            print("\r" + " " * self.width + "\r", end="", flush=True)
            self.width = 0


@contextlib.contextmanager
def step(title):
    say(f"-- {title}")
    current = Step(title)
    try:
        yield current
    except BaseException:
        current.clear()
        raise
    current.clear()
    say(f"   done in {time.monotonic() - current.start:.0f} s")


def tail(path, lines=30):
    """The last lines of a log file, as text."""
    try:
        return "\n".join(Path(path).read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def run_logged(command, log, current, describe=None, hint="", **options):
    """Run a command with its output in the file `log`, telling the step's progress.

    :param describe: maps a line of output to a progress text, or None to stay with the former one
    :param hint: what the user can do when the command fails
    """
    log = Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    process = start(command, stdout=subprocess.PIPE, text=True, errors="replace", **options)
    try:
        with log.open("w") as file:
            for line in process.stdout:
                file.write(line)
                file.flush()
                text = describe(line.rstrip()) if describe else line.strip()
                if text:
                    current.progress(text)
        status = process.wait()
    finally:
        stop(process)
    if status:
        current.clear()
        reason = f"{tail(log)}\n\n{current.title}: failed with exit status {status}. Full log: {log}"
        raise Problem(f"{reason}\n{hint}" if hint else reason)


def start(command, **options):
    """Start a command in the background, in a process group of its own so that `stop` ends its children too."""
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **options,
    )


def stop(process, patience=10):
    """End a command that still runs, with all that it started: ask first, then insist."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def call(command, **options):
    """Run a command in the foreground and return its exit status; Ctrl-C waits for its own shutdown."""
    process = subprocess.Popen([str(part) for part in command], **options)
    try:
        return process.wait()
    except KeyboardInterrupt as interrupt:
        if isinstance(interrupt, Terminated):
            process.send_signal(signal.SIGINT)
        with contextlib.suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
            process.wait(20)
        raise
    finally:
        stop(process)


def elapsed():
    seconds = int(time.monotonic() - STARTED)
    return f"{seconds // 60} min {seconds % 60:02d} s" if seconds >= 60 else f"{seconds} s"
