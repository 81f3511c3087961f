"""A real server for the tests: standalone on a free port, with a data folder of its own that survives being killed."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent


class Process:
    """A process whose output is read line by line; it is killed, at the latest, with the tests."""

    def __init__(self, command: list[str], env: dict[str, str]):
        environment = {**os.environ, **env}
        self.child = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.lines: list[str] = []
        self.ended = False
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with self.child.stdout as output:
            for line in output:
                with self.news:
                    self.lines.append(line.rstrip())
                    self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def expect(self, pattern: str, times: int = 1, seconds: float = 20) -> re.Match[str]:
        """Waits for the line that is the nth to match."""

        def found():
            return [match for line in self.lines if (match := re.search(pattern, line))]

        with self.news:
            if not self.news.wait_for(lambda: len(found()) >= times or self.ended, seconds) or len(found()) < times:
                raise AssertionError(f"no line {times} like {pattern!r} in:\n" + "\n".join(self.lines))
            return found()[times - 1]

    def stop(self, sig: signal.Signals = signal.SIGTERM, seconds: float = 20) -> int:
        """Sends the signal and waits for the end; returns the exit code."""
        self.child.send_signal(sig)
        return self.wait(seconds)

    def wait(self, seconds: float = 20) -> int:
        """Waits for the end; returns the exit code."""
        try:
            code = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("did not stop:\n" + "\n".join(self.lines)) from None
        self.reader.join()
        return code

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.reader.join()


def run_python(script: str, env: dict[str, str]) -> Process:
    return Process([sys.executable, str(HERE / script)], env)


class Server:
    """Starts in the constructor; `address` stays the same over restarts."""

    def __init__(self, env: dict[str, str] | None = None):
        self.env = env or {}
        self.folder = tempfile.TemporaryDirectory(prefix="orrery-examples-")
        self.address = f"127.0.0.1:{self._start('0')}"

    def _start(self, port: str) -> str:
        command = ["node_modules/.bin/node", "--conditions=@orrery/source", "services/standalone/src/main.ts"]
        database = f"sqlite:{self.folder.name}/orrery.db"
        env = {"ORRERY_PORT": port, "ORRERY_DATA_DIR": self.folder.name, "ORRERY_DATABASE_URL": database}
        self.process = Process(command, {**env, **self.env, "ORRERY_HOST": "127.0.0.1"})
        try:
            return self.process.expect(r"gRPC\s+\S+:(\d+)").group(1)
        except BaseException:
            self.process.kill()
            raise

    def crash(self):
        self.process.stop(signal.SIGKILL)

    def restart(self):
        self._start(self.address.rpartition(":")[2])

    def close(self) -> int:
        try:
            return self.process.stop()
        finally:
            self.folder.cleanup()
