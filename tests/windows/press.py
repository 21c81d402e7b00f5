"""Runs under Windows' own Python: starts camagent, waits for a line of it ("begun": before its first
own), and presses a key.

python press.py ctrl-c|ctrl-break WORDS ARGUMENT...

A console of its own, as a double-click gives one. Wine hands on Ctrl-C; it has no Ctrl-Break, so there the
program raises that signal itself, which runs the same handler.
"""

import ctypes
import signal
import subprocess
import sys
import threading

BEGINS = """
import sys
from camagent.__main__ import start
print("begun", file=sys.stderr, flush=True)
"""
RAISES_BREAK = """
import signal, threading
def wait():
    sys.stdin.readline()
    signal.raise_signal(signal.SIGBREAK)
threading.Thread(target=wait, daemon=True).start()
"""

key, words, *arguments = sys.argv[1:]
kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined, unused-ignore]
kernel.FreeConsole()
kernel.AllocConsole()
start = ["-c", BEGINS + ("" if key == "ctrl-c" else RAISES_BREAK) + "start()"]
pipe = subprocess.PIPE
process = subprocess.Popen([sys.executable, *start, *arguments], stdin=pipe, stdout=pipe, stderr=pipe)
assert process.stdin and process.stdout and process.stderr
drain = threading.Thread(target=process.stdout.read, daemon=True)
drain.start()
for line in process.stderr:
    sys.stderr.buffer.write(line)
    if words.encode() in line:
        break
else:
    sys.exit(f"camagent ended with {process.wait()} before it said {words!r}")
if key == "ctrl-c":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not kernel.GenerateConsoleCtrlEvent(0, 0):
        sys.exit("this Windows hands on no Ctrl-C")
else:
    process.stdin.write(b"now\n")
    process.stdin.flush()
sys.stderr.buffer.write(process.stderr.read())
sys.stderr.buffer.flush()
sys.exit(process.wait())
