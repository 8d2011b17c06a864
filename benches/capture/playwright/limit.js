// What the machine can do: the DevTools protocol over pipes, frames driven,
// one navigation for each story, nothing waited for but loading and fonts,
// nothing compared and nothing recorded.
const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { browser, stories, themes, viewports } = require('./workload.json');

const SWITCHES = [
  '--headless', '--no-first-run', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-pipe',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--force-color-profile=srgb', '--disable-lcd-text', '--font-render-hinting=none',
  '--disable-partial-raster', '--disable-skia-runtime-opts', '--enable-begin-frame-control',
  '--run-all-compositor-stages-before-draw', '--disable-new-content-rendering-timeout',
];

class Browser {
  constructor() {
    // It goes with the benchmark's own folder: the browser's children may
    // still write when it is gone.
    const profile = fs.mkdtempSync(path.join(__dirname, 'profile-'));
    const own = [...SWITCHES, `--user-data-dir=${profile}`];
    if (process.getuid?.() === 0) own.push('--no-sandbox');
    this.process = spawn(browser, own, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.answers = new Map();
    this.last = 0;
    let rest = [];
    this.process.stdio[4].on('data', (chunk) => {
      for (let end; (end = chunk.indexOf(0)) >= 0; chunk = chunk.subarray(end + 1)) {
        this.hear(JSON.parse(Buffer.concat([...rest, chunk.subarray(0, end)])));
        rest = [];
      }
      rest.push(chunk);
    });
  }

  hear({ id, method, result, error }) {
    if (method === 'Page.loadEventFired') this.loaded();
    if (id === undefined) return;
    const { done, failed } = this.answers.get(id);
    this.answers.delete(id);
    if (error) failed(new Error(error.message));
    else done(result);
  }

  ask(method, params = {}) {
    const id = ++this.last;
    const message = { id, method, params, sessionId: this.session };
    this.process.stdio[3].write(JSON.stringify(message) + '\0');
    return new Promise((done, failed) => this.answers.set(id, { done, failed }));
  }

  async open() {
    const target = { url: 'about:blank', enableBeginFrameControl: true };
    const { targetId } = await this.ask('Target.createTarget', target);
    const attach = { targetId, flatten: true };
    const { sessionId } = await this.ask('Target.attachToTarget', attach);
    this.session = sessionId;
    await this.ask('Page.enable');
  }

  async go(url) {
    const loaded = new Promise((done) => (this.loaded = done));
    await this.ask('Page.navigate', { url });
    await loaded;
    const fonts = { expression: 'document.fonts.ready.then(() => 0)', awaitPromise: true };
    await this.ask('Runtime.evaluate', fonts);
  }

  async shots(url) {
    let loaded = false;
    for (const { width, height } of viewports) {
      const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
      await this.ask('Emulation.setDeviceMetricsOverride', metrics);
      for (const value of themes) {
        const features = [{ name: 'prefers-color-scheme', value }];
        await this.ask('Emulation.setEmulatedMedia', { features });
        if (!loaded) await this.go(url);
        loaded = true;
        // Without a frame before it the picture shows the theme before.
        await this.ask('HeadlessExperimental.beginFrame', { noDisplayUpdates: true });
        await this.picture();
      }
    }
  }

  // Now and then a frame comes without a picture.
  async picture() {
    const screenshot = { format: 'png', optimizeForSpeed: true };
    let shot = {};
    while (!shot.screenshotData) {
      shot = await this.ask('HeadlessExperimental.beginFrame', { screenshot });
    }
    return Buffer.from(shot.screenshotData, 'base64');
  }

  close() {
    this.process.kill('SIGKILL');
  }
}

async function work(queue) {
  const own = new Browser();
  await own.open();
  for (let story; (story = queue.shift()); ) {
    await own.shots(`http://127.0.0.1:${process.env.PORT}/${story.path}`);
  }
  own.close();
}

const queue = [...stories];
const workers = Array.from({ length: Number(process.env.WORKERS ?? 2) }, () => work(queue));
Promise.all(workers).catch((error) => {
  console.error(error);
  process.exit(1);
});
