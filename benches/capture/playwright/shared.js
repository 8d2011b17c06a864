// What both ways of using Playwright have in common.
const { browser } = require('./workload.json');

const root = process.getuid?.() === 0;

module.exports = {
  testDir: '.',
  fullyParallel: true,
  workers: Number(process.env.WORKERS ?? 2),
  reporter: 'dot',
  use: {
    baseURL: `http://127.0.0.1:${process.env.PORT}/`,
    launchOptions: {
      executablePath: browser,
      // As for Tintype; Chromium refuses to run as root with its sandbox.
      args: ['--disable-gpu', ...(root ? ['--no-sandbox'] : [])],
    },
  },
};
