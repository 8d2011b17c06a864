// Writes `expected.txt`: what pixelmatch says about the pairs that
// `pairs.mjs` draws and about the pairs of files in `images/`.
//
//     npm install --no-save pixelmatch@7.2.0 pngjs@7 && node tests/oracle/pixelmatch.mjs
//
// One line a question: name, threshold, whether anti-aliasing counts, pixels
// that differ, pixels taken for anti-aliasing, and a hash (FNV-1a, 32 bits) of
// the verdict on every pixel in reading order (0 equal, 1 differs, 2
// anti-aliasing).
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import { draw, pairs } from './pairs.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
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
      lines.push([name, threshold, includeAA ? 'count' : 'ignore', differing, antialiased, hash].join(' '));
    }
}

for (const pair of pairs()) {
  const [a, b] = draw(pair);
  const { kind, change, width, height, seed } = pair;
  ask(`${kind}-${change}-${width}x${height}-${seed}`, a, b, width, height, [0, 0.05, 0.1, 0.3]);
}
const images = path.join(here, 'images');
const read = (name) => PNG.sync.read(fs.readFileSync(path.join(images, name)));
for (const file of fs.readdirSync(images).filter((name) => name.endsWith('.png') && name.includes('-')).sort()) {
  const [a, b] = [read(`${file.split('-')[0]}.png`), read(file)];
  ask(file, a.data, b.data, a.width, a.height, [0, 0.02, 0.1, 0.2, 0.5, 1]);
}
fs.writeFileSync(path.join(here, 'expected.txt'), lines.join('\n') + '\n');
console.log(`${lines.length} answers`);
