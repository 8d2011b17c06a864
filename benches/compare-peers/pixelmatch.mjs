// Prints the median time in milliseconds and the count of pixelmatch on two
// files: node pixelmatch.mjs MODULES VERSION A.png B.png
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [modules, version, ...files] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'x.js'));
const { default: pixelmatch } = await import(require.resolve(path.join(modules, `pixelmatch${version}`)));
const { PNG } = require(path.join(modules, 'pngjs'));
const [a, b] = files.map((file) => PNG.sync.read(fs.readFileSync(file)));
const times = [];
let count;
const rounds = a.width * a.height > 2e7 ? 3 : 11;
for (let round = 0; round < rounds; round++) {
  const start = performance.now();
  count = pixelmatch(a.data, b.data, null, a.width, a.height, { threshold: 0.1 });
  times.push(performance.now() - start);
}
times.sort((x, y) => x - y);
console.log(`${times[times.length >> 1]} ${count}`);
