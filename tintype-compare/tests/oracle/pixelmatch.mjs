// Writes `expected-7.txt` and `expected-8.txt`: the counts of pixelmatch 7 and 8
// for the pairs that `pairs.mjs` draws and for the pairs of files in `images/`.
//
//     npm install --no-save pixelmatch7@npm:pixelmatch@7.2.0 pixelmatch8@npm:pixelmatch@8.0.0 pngjs@7
//     node tests/oracle/pixelmatch.mjs
//
// The packages are looked up from the current folder. One line per comparison:
// name, threshold, whether anti-aliasing counts, pixels that differ, pixels
// taken for anti-aliasing, and a hash (FNV-1a, 32 bits) of the verdict on every
// pixel in reading order (0 equal, 1 differs, 2 anti-aliasing); with pixelmatch
// 8 also the largest number of differing pixels in a window of 16 and of 5
// pixels.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { draw, pairs } from './pairs.mjs';

const require = createRequire(path.join(process.cwd(), 'x.js'));
const { PNG } = require('pngjs');
const here = path.dirname(fileURLToPath(import.meta.url));

async function write(version, drawnThresholds, fileThresholds, windows) {
  const { default: pixelmatch } = await import(require.resolve(`pixelmatch${version}`));
  const lines = [];
  function ask(name, a, b, width, height, thresholds) {
    for (const threshold of thresholds)
      for (const includeAA of [false, true]) {
        const out = new Uint8Array(width * height * 4);
        const differing = pixelmatch(a, b, out, width, height, { threshold, includeAA, alpha: 0 });
        let hash = 0x811c9dc5;
        let antialiased = 0;
        for (let i = 0; i < out.length; i += 4) {
          const verdict = out[i + 2] === 255 ? 0 : out[i + 1] === 0 ? 1 : 2;
          if (verdict === 2) antialiased++;
          hash = Math.imul(hash ^ verdict, 0x01000193) >>> 0;
        }
        const densest = windows.map((windowSize) => pixelmatch(a, b, null, width, height, { threshold, includeAA, windowSize }));
        lines.push([name, threshold, includeAA ? 'count' : 'ignore', differing, antialiased, hash, ...densest].join(' '));
      }
  }
  for (const pair of pairs()) {
    const [a, b] = draw(pair);
    const { kind, change, width, height, seed } = pair;
    ask(`${kind}-${change}-${width}x${height}-${seed}`, a, b, width, height, drawnThresholds);
  }
  const images = path.join(here, 'images');
  const read = (name) => PNG.sync.read(fs.readFileSync(path.join(images, name)));
  for (const file of fs.readdirSync(images).filter((name) => name.endsWith('.png') && name.includes('-')).sort()) {
    const [a, b] = [read(`${file.split('-')[0]}.png`), read(file)];
    ask(file, a.data, b.data, a.width, a.height, fileThresholds);
  }
  fs.writeFileSync(path.join(here, `expected-${version}.txt`), lines.join('\n') + '\n');
  console.log(`pixelmatch ${version}: ${lines.length} comparisons`);
}

await write(7, [0, 0.05, 0.1, 0.3], [0, 0.02, 0.1, 0.2, 0.5, 1], []);
await write(8, [0, 0.01, 0.05, 0.1, 0.3, 0.6, 1], [0, 0.02, 0.1, 0.2, 0.5, 1], [16, 5]);
