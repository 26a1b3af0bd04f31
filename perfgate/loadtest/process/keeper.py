"""Runs a command that must not outlive perfgate: `python -I -S keeper.py [--daemons] COMMAND ARGUMENT...`.

A process between the two, because only a process can end another one's children when that one is killed. Its stdin is a
pipe that perfgate alone has the other end of: once it closes, whatever has become of perfgate, the command and all that
it started is ended. `--daemons` spares what has left the command's process group when the command itself ends.

SIGTERM is for the command. The exit code is the command's; 128 and the signal's number when a signal ended it.
It imports little: it starts before every service.
"""

import os
import select
import signal
import sys
from contextlib import suppress
from time import monotonic, sleep

AT_ONCE = b"!"  # written into the pipe by a perfgate that has asked the command to end already
END_GRACE_S = 2.0  # s for the command to end in good order when perfgate is gone
KILL_TIMEOUT_S = 5.0  # s for the kernel to end what was killed
POLL_INTERVAL_S = 0.01
EXIT_NOT_STARTED = 127
LIFELINE_FD = 0
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
RESTORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGPIPE)


def main(arguments: list[str]) -> int:
    daemons = arguments[0] == "--daemons"
    command = arguments[daemons:]
    _control(PR_SET_CHILD_SUBREAPER, 1)  # what the command leaves behind becomes this process's own
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # comes once there is somebody to pass it on to
    child = _start(command)
    signal.signal(signal.SIGTERM, lambda *_: _kill(child, signal.SIGTERM))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    while (code := _exit_code(child)) is None:
        readable, _, _ = select.select([woken, LIFELINE_FD], [], [])
        if woken in readable:
            os.read(woken, 4096)
        if LIFELINE_FD in readable:
            code = _end(child, at_once=os.read(LIFELINE_FD, 1) == AT_ONCE)
            daemons = False
            break
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if not daemons:
        _kill_descendants()
    return code


def _start(command: list[str]) -> int:
    keeper = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        os.setpgid(0, 0)
        _control(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(EXIT_NOT_STARTED)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, LIFELINE_FD)
        os.close(nothing)
        for number in RESTORED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]} cannot be started: {error.strerror}\n".encode())
    finally:
        os._exit(EXIT_NOT_STARTED)


def _exit_code(child: int) -> int | None:
    """The exit code. Reaps orphans on the way."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return EXIT_NOT_STARTED
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if pid == 0:
            return None


def _end(child: int, *, at_once: bool) -> int:
    _kill(child, signal.SIGKILL if at_once else signal.SIGTERM)
    until = monotonic() + (KILL_TIMEOUT_S if at_once else END_GRACE_S)
    while (code := _exit_code(child)) is None and monotonic() < until:
        sleep(POLL_INTERVAL_S)
    return 128 + signal.SIGKILL if code is None else code


def _kill_descendants() -> None:
    until = monotonic() + KILL_TIMEOUT_S
    while monotonic() < until:
        for pid in _descendants():
            _kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:  # none is left
            return
        sleep(POLL_INTERVAL_S)


def _descendants() -> list[int]:
    """All processes below this one; none where there is no /proc."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
                parents[int(name)] = int(stat.read().rpartition(b")")[2].split()[1])
    family = [os.getpid()]
    for known in family:
        family += [pid for pid, parent in parents.items() if parent == known]
    return family[1:]


def _kill(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _control(option: int, value: int) -> None:
    """Tells Linux something about this process; elsewhere there is only the process group."""
    if sys.platform == "linux":
        with suppress(ImportError, OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.stdout.flush()
    os._exit(main(sys.argv[1:]))
