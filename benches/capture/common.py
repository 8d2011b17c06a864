"""What `run` and `soak` share: the workload, and Tintype on it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

BROWSERS = [
    "/usr/lib/chromium/chromium-headless-shell",
    "chrome-headless-shell",
    "chromium-headless-shell",
    "chromium",
    "google-chrome",
]


@dataclass
class Workload:
    """Pages to take pictures of: each in every theme at every viewport."""

    folder: Path
    stories: list  # of {"id", "path"}
    themes: list  # of colour schemes: "light", "dark"
    viewports: list  # of {"name", "width", "height"}

    @property
    def shots(self):
        return len(self.stories) * len(self.themes) * len(self.viewports)

    @classmethod
    def read(cls, folder):
        """A folder with a `manifest.json` that names stories, themes and
        viewports; without one, every page in it."""
        folder = Path(folder).resolve()
        manifest = folder / "manifest.json"
        if manifest.is_file():
            told = json.loads(manifest.read_text())
            return cls(folder, told["stories"], told["themes"], told["viewports"])
        pages = sorted(folder.glob("*.html"))
        if not pages:
            sys.exit(f"no manifest.json and no *.html in {folder}")
        viewports = [(375, 667), (768, 1024), (1280, 720)]
        return cls(
            folder,
            [{"id": page.stem, "path": page.name} for page in pages],
            ["light", "dark"],
            [{"name": f"{w}x{h}", "width": w, "height": h} for w, h in viewports],
        )


def browser():
    """The browser's program, the same for everybody."""
    found = filter(None, map(shutil.which, BROWSERS))
    return os.environ.get("BROWSER_BINARY") or next(found, None) or sys.exit("no Chromium found")


def suite():
    """Builds the suite's binary in release mode; its path."""
    command = ["cargo", "test", "--release", "--test", "visual", "--no-run"]
    command += ["--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "visual":
            return message["executable"]
    sys.exit("cargo built no suite")


def measure(command, folder, environment, log):
    """What a command costs; ends everything if it fails."""
    with open(log, "w") as errors:
        done = subprocess.run(
            [HERE / "measure", *map(str, command)],
            cwd=folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    result = json.loads(done.stdout)
    if result["code"] != 0:
        tail = Path(log).read_text()[-3000:]
        sys.exit(f"{command[0]} ended with {result['code']}:\n{tail}")
    return result


class Redis:
    """A redis-server of our own, so that runs are recorded as in earnest. What
    it costs is not counted."""

    def __init__(self, folder):
        self.socket = Path(folder) / "redis.sock"
        options = ["--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", folder]
        self.process = subprocess.Popen(
            ["redis-server", *map(str, options)], stdout=subprocess.DEVNULL
        )
        ping = ["redis-cli", "-s", str(self.socket), "PING"]
        while subprocess.run(ping, capture_output=True).stdout.strip() != b"PONG":
            if self.process.poll() is not None:
                sys.exit("redis-server ended before it answered")

    def end(self):
        self.process.terminate()
        self.process.wait()


class Project:
    """A temporary project with the workload as its stories."""

    def __init__(self, workload, folder, binary, redis, engine="chromium"):
        self.engine, self.folder, self.workload = engine, Path(folder), workload
        self.binary, self.redis = binary, redis
        self.folder.mkdir()
        (self.folder / "stories").symlink_to(workload.folder)
        (self.folder / "stories.toml").write_text(self.manifest())

    def manifest(self):
        quote = json.dumps  # TOML's strings, for what stands here
        lines = ["[stories]", 'dir = "stories"', "[browser]", f"names = [{quote(self.engine)}]"]
        if any(page.is_symlink() for page in self.workload.folder.iterdir()):
            lines.insert(2, "follow-symlinks = true")
        if self.engine == "chromium":
            lines += [f"binary = {quote(browser())}"]
        lines += ["[themes]"]
        lines += [f"{t} = {{ color-scheme = {quote(t)} }}" for t in self.workload.themes]
        lines += ["[viewports]"]
        lines += [
            f"{quote(v['name'])} = {quote(str(v['width']) + 'x' + str(v['height']))}"
            for v in self.workload.viewports
        ]
        for story in self.workload.stories:
            lines += ["[[story]]", f"id = {quote(story['id'])}", f"path = {quote(story['path'])}"]
        text = "\n".join(lines) + "\n"
        tomllib.loads(text)  # a story's name may hold anything
        return text

    def names(self, story):
        """The names of a story's tests."""
        themes, viewports = self.workload.themes, self.workload.viewports
        sizes = [f"{v['width']}x{v['height']}" for v in viewports]
        return [f"{story}::{theme}::{size}" for theme in themes for size in sizes]

    def environment(self, sessions, **variables):
        """The variables of a run."""
        return {
            "TINTYPE_MANIFEST": str(self.folder / "stories.toml"),
            "TINTYPE_SESSIONS": str(sessions),
            "TINTYPE_CACHE": "off",
            "CARGO_TARGET_DIR": str(self.folder / "target"),
            "REDIS_URL": f"unix://{self.redis.socket}",
        } | variables

    def run(self, sessions, arguments=(), **variables):
        """One run of the suite; what it cost."""
        environment = self.environment(sessions, **variables)
        log = self.folder / "suite.log"
        return measure([self.binary, *arguments], self.folder, environment, log)

    def forget_baselines(self):
        shutil.rmtree(self.folder / "baselines", ignore_errors=True)

    def forget(self):
        """Removes whatever earlier runs have left, but for the baselines."""
        shutil.rmtree(self.folder / "target", ignore_errors=True)


def scratch():
    return tempfile.TemporaryDirectory(prefix="tintype-bench-", ignore_cleanup_errors=True)


def load():
    return "load " + " ".join(f"{value:.1f}" for value in os.getloadavg())
