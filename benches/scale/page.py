"""Opens a report in a browser, through chromedriver."""

import base64
import json
import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path

SEARCH = """
const input = document.querySelector('input[type=search]');
const started = performance.now();
input.value = 'story-0000';
input.dispatchEvent(new Event('input'));
document.body.offsetHeight;
const took = performance.now() - started;
input.value = '';
input.dispatchEvent(new Event('input'));
return took;
"""
SCROLL = """
const done = arguments[0];
const list = document.querySelector('.vlist');
const started = performance.now();
list.scrollTop = list.scrollHeight;
requestAnimationFrame(() => requestAnimationFrame(() => {
  document.body.offsetHeight;
  const took = performance.now() - started;
  list.scrollTop = 0;
  done(took);
}));
"""


class Browser:
    """A headless browser."""

    def __init__(self, binary):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE)
        self.port = None
        while self.port is None:
            line = self.driver.stdout.readline().decode()
            found = re.search(r"started successfully on port (\d+)", line)
            self.port = found and int(found[1])
        switches = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update"]
        options = {"binary": binary, "args": switches}
        wanted = {"alwaysMatch": {"goog:chromeOptions": options}}
        value = self.send("POST", "/session", {"capabilities": wanted})
        self.session = f"/session/{value['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.send("DELETE", self.session)
        self.driver.terminate()
        self.driver.wait()

    def send(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=600) as response:
            return json.load(response)["value"]

    def post(self, command, **body):
        return self.send("POST", f"{self.session}/{command}", body)

    def cdp(self, command, **parameters):
        return self.post("goog/cdp/execute", cmd=command, params=parameters)

    def script(self, text, kind="sync"):
        return self.post(f"execute/{kind}", script=text, args=[])

    def viewport(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)

    def open(self, file):
        """Seconds until a page is loaded, which includes its script, and what it
        takes then."""
        self.viewport(1280, 800)
        self.cdp("Performance.enable")
        started = time.monotonic()
        self.post("url", url=Path(file).resolve().as_uri())
        # The first frame with the list.
        self.script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))", "async")
        load = time.monotonic() - started
        metrics = self.cdp("Performance.getMetrics")["metrics"]
        metrics = {metric["name"]: metric["value"] for metric in metrics}
        return {
            "load": load,
            "heap": metrics["JSHeapUsedSize"] / 1e6,
            "memory": self.memory(),
            "elements": self.script("return document.querySelectorAll('*').length"),
            "search": self.script(SEARCH) / 1000,
            "scroll": self.script(SCROLL, "async") / 1000,
        }

    def memory(self):
        """The proportional set size of the largest process of the browser, in
        MB."""
        below, sizes = {self.driver.pid}, [0]
        processes = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
        for pid in processes:
            try:
                # The program's name may hold spaces and parentheses.
                parent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]
                if int(parent) not in below:
                    continue
                below.add(pid)
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except (OSError, IndexError):
                continue
            found = re.search(r"^Pss: +(\d+)", rollup, re.M)
            sizes.append(int(found[1]) * 1024 / 1e6)
        return max(sizes)

    def screenshot(self, file, theme, width, height):
        self.viewport(width, height)
        feature = {"name": "prefers-color-scheme", "value": theme}
        self.cdp("Emulation.setEmulatedMedia", features=[feature])
        self.script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))", "async")
        file.write_bytes(base64.b64decode(self.send("GET", f"{self.session}/screenshot")))
