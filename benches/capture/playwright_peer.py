"""Playwright on the workload, with baselines of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import common

SOURCE = common.HERE / "playwright"


class Peer:
    """A Playwright project in a folder of its own. npm keeps what it has
    downloaded."""

    def __init__(self, workload, folder, browser):
        self.folder = Path(folder)
        shutil.copytree(SOURCE, self.folder)
        work = {
            "root": str(workload.folder),
            "stories": workload.stories,
            "themes": workload.themes,
            "viewports": workload.viewports,
            "browser": browser,
        }
        (self.folder / "workload.json").write_text(json.dumps(work))
        no_browser = os.environ | {"PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"}
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=self.folder, env=no_browser, check=True, stdout=sys.stderr)
        self.serve()

    def serve(self):
        """Serves the stories outside of what is measured."""
        command = ["node", "serve.js"]
        self.server = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        self.port = self.server.stdout.readline().strip() or sys.exit("the server did not start")

    def end(self):
        self.server.terminate()
        self.server.wait()

    def command(self, kind, *more):
        return ["node_modules/.bin/playwright", "test", "-c", f"{kind}.config.js", *more]

    def accept(self, kind, workers):
        """Makes the baselines of a kind anew; what that cost."""
        shutil.rmtree(self.folder / kind, ignore_errors=True)
        return self.start(self.command(kind, "--update-snapshots=all"), workers)

    def run(self, kind, workers):
        """One run; what it cost."""
        return self.start(self.command(kind), workers)

    def limit(self, workers):
        """The same pictures over the bare protocol; what that cost."""
        return self.start(["node", "limit.js"], workers)

    def start(self, command, workers):
        environment = {"WORKERS": str(workers), "PORT": self.port, "CI": ""}
        return common.measure(command, self.folder, environment, self.folder / "playwright.log")
