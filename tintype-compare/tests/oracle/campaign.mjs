// Compares thousands of random pairs with pixelmatch and with `cargo tintype
// compare`.
//
//     npm install --no-save pixelmatch7@npm:pixelmatch@7.2.0 pixelmatch8@npm:pixelmatch@8.0.0 pngjs@7
//     node campaign.mjs [PAIRS [SEED [VERSION]]]
//
// CARGO_TINTYPE names the binary, otherwise it is `cargo-tintype` on the PATH.
// The pairs are files of every colour type and bit depth, plain or interlaced,
// from 1×1 to 1280×20000. pixelmatch gets them from another decoder, pngjs; it
// reduces 16 bits otherwise than PNG's specification says, so 16-bit files hold
// 8-bit values. Prints every pair on which the two disagree, and fails then.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';

const version = process.argv[4] ?? '8';
const require = createRequire(path.join(process.cwd(), 'x.js'));
const { PNG } = require('pngjs');
const { default: pixelmatch } = await import(require.resolve(`pixelmatch${version}`));
const binary = process.env.CARGO_TINTYPE ?? 'cargo-tintype';
const wanted = Number(process.argv[2] ?? 2000);
let state = Number(process.argv[3] ?? Date.now()) | 0;
console.log(`seed ${state}`);

// mulberry32
function next(limit) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % limit;
}
const pick = (list) => list[next(list.length)];

// Colour type, bit depth, samples of a pixel.
const FORMS = [[0, 1, 1], [0, 2, 1], [0, 4, 1], [0, 8, 1], [0, 16, 1], [2, 8, 3], [2, 8, 3], [2, 16, 3], [3, 1, 1], [3, 2, 1], [3, 4, 1], [3, 8, 1], [4, 8, 2], [4, 16, 2], [6, 8, 4], [6, 8, 4], [6, 16, 4]];

function size(index) {
  if (index === 0) return [1280, 20000];
  if (index === 1) return [1, 1];
  if (index % 100 === 2) return [1280, 720];
  if (index % 20 === 3) return [1 + next(700), 1 + next(500)];
  return pick([() => [1 + next(12), 1 + next(12)], () => [1 + next(150), 1 + next(60)], () => [1, 1 + next(90)], () => [1 + next(300), 1]])();
}

// Samples between 0 and `top`: areas, edges, gradients, noise.
function draw(width, height, samples, top) {
  const image = new Uint16Array(width * height * samples);
  const kind = pick(['areas', 'areas', 'gradient', 'noise', 'few']);
  const colours = Array.from({ length: 5 }, () => Array.from({ length: samples }, () => next(top + 1)));
  if (next(2)) colours.forEach((colour) => { if (samples === 2 || samples === 4) colour[samples - 1] = top; });
  const discs = Array.from({ length: 6 }, () => [next(width + 1), next(height + 1), 2 + next(40), pick(colours)]);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += samples) {
      let colour = colours[0];
      if (kind === 'noise') colour = colours[0].map(() => next(top + 1));
      else if (kind === 'few') colour = pick(colours);
      else if (kind === 'gradient') colour = colours[0].map((start, c) => (start + x * c + y) % (top + 1));
      else
        for (const [cx, cy, r, fill] of discs) {
          const inside = Math.max(0, Math.min(1, r - Math.hypot(x - cx, y - cy)));
          colour = colour.map((value, c) => Math.round(value + (fill[c] - value) * inside));
        }
      for (let c = 0; c < samples; c++) image[i + c] = colour[c];
    }
  return image;
}

function change(image, width, height, samples, top) {
  const other = image.slice();
  const kind = pick(['speckles', 'speckles', 'block', 'shift', 'slight', 'redrawn']);
  if (kind === 'redrawn') return draw(width, height, samples, top);
  if (kind === 'shift') { other.set(image.subarray(0, Math.max(0, image.length - width * samples)), Math.min(width * samples, image.length)); return other; }
  const [x0, y0] = [next(width), next(height)];
  const [x1, y1] = [x0 + 1 + next(40), y0 + 1 + next(20)];
  const rare = 1 + next(200);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += samples) {
      if (kind === 'block' ? x < x0 || x >= x1 || y < y0 || y >= y1 : next(rare)) continue;
      for (let c = 0; c < samples; c++) {
        const by = kind === 'slight' ? next(5) - 2 : next(Math.min(top, 120) + 1) - Math.min(top, 120) / 2;
        other[i + c] = Math.max(0, Math.min(top, Math.round(image[i + c] + by)));
      }
    }
  return other;
}

const CRC = Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n >>> 0; });
function chunk(kind, content) {
  const covered = Buffer.concat([Buffer.from(kind), content]);
  let crc = 0xffffffff;
  for (const byte of covered) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4);
  return Buffer.concat([frame.subarray(0, 4), covered, frame.subarray(4)]);
}

const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

// Every row with a filter of its own.
function rows(image, width, [x0, y0, dx, dy], height, samples, depth) {
  const out = [];
  const bpp = Math.max(1, (samples * depth) >> 3);
  const columns = Math.ceil((width - x0) / dx);
  if (columns <= 0) return Buffer.alloc(0);
  let above = Buffer.alloc(Math.ceil((columns * samples * depth) / 8));
  for (let y = y0; y < height; y += dy) {
    const row = Buffer.alloc(above.length);
    for (let n = 0; n < columns * samples; n++) {
      const value = image[(y * width + x0 + Math.floor(n / samples) * dx) * samples + (n % samples)];
      if (depth === 16) row[n * 2] = row[n * 2 + 1] = value;
      else if (depth === 8) row[n] = value;
      else row[(n * depth) >> 3] |= value << (8 - depth - ((n * depth) & 7));
    }
    const filter = next(5);
    const stored = Buffer.alloc(row.length + 1, filter);
    for (let i = 0; i < row.length; i++) {
      const [a, b, c] = [i < bpp ? 0 : row[i - bpp], above[i], i < bpp ? 0 : above[i - bpp]];
      const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
      stored[i + 1] = row[i] - [0, a, b, (a + b) >> 1, pa <= pb && pa <= pc ? a : pb <= pc ? b : c][filter];
    }
    out.push(stored);
    above = row;
  }
  return Buffer.concat(out);
}

function encode(image, width, height, [colour, depth, samples], palette, interlaced, key) {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, depth, colour, 0, 0, interlaced ? 1 : 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const passes = interlaced ? PASSES : [[0, 0, 1, 1]];
  const data = zlib.deflateSync(Buffer.concat(passes.map((pass) => rows(image, width, pass, height, samples, depth))), { level: pick([0, 1, 6]) });
  const cut = next(data.length + 1);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...(colour === 3 ? [chunk('PLTE', palette.rgb), ...(palette.alpha ? [chunk('tRNS', palette.alpha)] : [])] : []),
    ...(key ? [chunk('tRNS', key)] : []),
    chunk('IDAT', data.subarray(0, cut)),
    chunk('IDAT', data.subarray(cut)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function pair(index) {
  const [width, height] = size(index);
  const form = index === 0 ? [6, 8, 4] : pick(FORMS);
  const [colour, depth, samples] = form;
  const top = depth >= 8 ? 255 : (1 << depth) - 1;
  const a = draw(width, height, samples, top);
  const b = change(a, width, height, samples, top);
  const bytes = (n) => Buffer.from(Array.from({ length: n }, () => next(256)));
  const palette = { rgb: bytes(3 * (top + 1)), alpha: next(2) ? bytes(1 + next(top + 1)) : undefined };
  const interlaced = next(4) === 0;
  const key = (colour === 0 || colour === 2) && depth < 16 && next(6) === 0 ? Buffer.from(Array.from(a.slice(0, samples)).flatMap((value) => [0, value])) : undefined;
  return [a, b].map((image) => encode(image, width, height, form, palette, interlaced, key));
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'campaign-'));
const [left, right] = ['a', 'b'].map((name) => path.join(folder, name));
let asked = 0;
let wrong = 0;
let differing = 0;
for (let index = 0; index < wanted; ) {
  const expected = new Map();
  const threshold = pick([0, 0.01, 0.05, 0.1, 0.1, 0.2, 0.37, 0.5, 1, next(1000) / 1000]);
  const includeAA = next(3) === 0;
  for (const side of [left, right]) { fs.rmSync(side, { recursive: true, force: true }); fs.mkdirSync(side); }
  for (let n = 0; n < 100 && index < wanted; n++, index++) {
    const files = pair(index);
    const name = `${index}.png`;
    [left, right].forEach((side, i) => fs.writeFileSync(path.join(side, name), files[i]));
    const [a, b] = files.map((file) => PNG.sync.read(file));
    const out = new Uint8Array(a.data.length);
    const counted = pixelmatch(a.data, b.data, out, a.width, a.height, { threshold, includeAA, alpha: 0 });
    let antialiased = 0;
    for (let i = 0; i < out.length; i += 4) if (out[i + 2] !== 255 && out[i + 1] !== 0) antialiased++;
    expected.set(name, [counted, antialiased]);
    if (counted > 0) differing++;
  }
  const words = ['compare', left, right, '--json', '--metric', version === '7' ? 'yiq' : 'oklab', '--threshold', String(threshold), ...(includeAA ? ['--include-aa'] : [])];
  const { stdout, stderr, error } = spawnSync(binary, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error) throw error;
  const found = JSON.parse(stdout || `"${stderr}"`);
  for (const one of found) {
    const [counted, antialiased] = expected.get(one.path);
    expected.delete(one.path);
    asked++;
    if (one.differing === counted && one.antialiased === antialiased) continue;
    wrong++;
    const kept = path.join(os.tmpdir(), `disagree-${one.path}`);
    for (const [side, end] of [[left, 'a'], [right, 'b']]) fs.copyFileSync(path.join(side, one.path), `${kept}.${end}.png`);
    console.log(`${kept}: threshold ${threshold}, includeAA ${includeAA}: pixelmatch ${counted}+${antialiased}, tintype ${one.error ?? `${one.differing}+${one.antialiased}`}`);
  }
  if (expected.size > 0) throw new Error(`no answer for ${[...expected.keys()]}`);
}
fs.rmSync(folder, { recursive: true });
console.log(`${asked} pairs, of which ${differing} differ; ${wrong} disagreements`);
process.exitCode = wrong > 0 ? 1 : 0;
