// Whole processes, from two PNG files to a verdict: `cargo tintype compare`
// beside odiff, blazediff and pixelmatch, in turn, in the same run. Medians in
// milliseconds, peak memory in MB where GNU time is installed.
//
//     cargo build --release -p cargo-tintype
//     npm install --no-save odiff-bin @blazediff/bin pixelmatch@7.2.0 pngjs@7
//     node benches/compare-peers/processes.mjs [FOLDER…]
//
// CARGO_TINTYPE names another binary, ROUNDS another number of rounds. A peer
// that is not installed is left out.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '../..');
const require = createRequire(path.join(process.cwd(), 'x.js'));
const rounds = Number(process.env.ROUNDS ?? 15);
const folders = process.argv.length > 2 ? process.argv.slice(2) : [path.join(root, 'tests/oracle/images')];

const found = (name) => {
  try { return require.resolve(name); } catch { return undefined; }
};
const odiff = found(`@odiff/${process.platform}-${process.arch}`) && require(`@odiff/${process.platform}-${process.arch}`);
const blaze = found(`@blazediff/bin-${process.platform}-${process.arch}/package.json`);
const match = found('pixelmatch') && path.join(path.dirname(require.resolve('pixelmatch')), 'bin/pixelmatch');
const tools = {
  tintype: [process.env.CARGO_TINTYPE ?? path.join(root, 'target/release/cargo-tintype'), 'compare', 'A', 'B'],
  ...(odiff && { 'odiff --aa': [odiff, 'A', 'B', '--aa'] }),
  ...(blaze && { 'blazediff -a': [path.join(path.dirname(blaze), 'blazediff'), 'A', 'B', '-a'] }),
  ...(match && { pixelmatch: [process.execPath, match, 'A', 'B'] }),
};
const hasTime = fs.existsSync('/usr/bin/time');

const run = (command, a, b) => {
  const words = command.map((word) => (word === 'A' ? a : word === 'B' ? b : word));
  const start = process.hrtime.bigint();
  const { error } = spawnSync(words[0], words.slice(1), { stdio: 'ignore' });
  if (error) throw error;
  return Number(process.hrtime.bigint() - start) / 1e6;
};

const peak = (command, a, b) => {
  const words = command.map((word) => (word === 'A' ? a : word === 'B' ? b : word));
  const { stderr } = spawnSync('/usr/bin/time', ['-f', '%M', ...words], { encoding: 'utf8' });
  return Number(stderr.trim().split('\n').at(-1)) / 1024;
};

const median = (times) => times.sort((x, y) => x - y)[times.length >> 1];
const names = Object.keys(tools);
console.log(['case'.padEnd(16), ...names.map((name) => `${name}, ms`.padStart(16)), ...names.slice(1).map((name) => `x ${name.split(' ')[0]}`.padStart(12)), ...(hasTime ? names.map((name) => `${name.split(' ')[0]}, MB`.padStart(14)) : [])].join(''));
for (const folder of folders) {
  for (const file of fs.readdirSync(folder).filter((name) => /[-_].*\.png$/.test(name)).sort()) {
    const base = ['.png', '_a.png'].map((end) => path.join(folder, file.split(/[-_]/)[0] + end)).find(fs.existsSync);
    const [a, b] = [base, path.join(folder, file)];
    const times = names.map(() => []);
    // Processes start more slowly on a cold cache: the first round is dropped.
    for (let round = 0; round <= rounds; round++)
      names.forEach((name, i) => {
        if (name === 'pixelmatch' && round > 5) return;
        const time = run(tools[name], a, b);
        if (round > 0) times[i].push(time);
      });
    const medians = times.map(median);
    const row = [file.replace('.png', '').padEnd(16), ...medians.map((time) => time.toFixed(1).padStart(16)), ...medians.slice(1).map((time) => (time / medians[0]).toFixed(1).padStart(12))];
    if (hasTime) row.push(...names.map((name) => peak(tools[name], a, b).toFixed(0).padStart(14)));
    console.log(row.join(''));
  }
}
