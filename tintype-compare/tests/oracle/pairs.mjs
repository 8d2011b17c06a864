// The image pairs that both sides make for themselves: this file and
// `src/tests/pairs.rs` draw the same pixels from the same numbers.

export const KINDS = ['noise', 'palette', 'gradient', 'discs', 'alpha', 'glass'];
export const CHANGES = ['speckled', 'shifted', 'redrawn', 'other'];
const SIZES = [[1, 1], [1, 9], [9, 1], [2, 2], [3, 3], [5, 4], [63, 7], [64, 9], [65, 11], [130, 40], [257, 33]];

export function* pairs() {
  let seed = 1;
  for (const kind of KINDS)
    for (const change of CHANGES)
      for (const [width, height] of SIZES) yield { kind, change, width, height, seed: seed++ };
}

export function draw({ kind, change, width, height, seed }) {
  const a = base(kind, width, height, seed, 0);
  if (change === 'other') return [a, base(kind, width, height, seed + 100000, 0)];
  if (change === 'redrawn') return [a, base(kind, width, height, seed, 1)];
  const b = a.slice();
  const next = random(seed + 200000);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 4;
      if (change === 'shifted') {
        const from = (Math.max(y - 1, 0) * width + x) * 4;
        for (let c = 0; c < 4; c++) b[i + c] = a[from + c];
      } else if (next() % 5 === 0) {
        for (let c = 0; c < 3; c++) b[i + c] = clamp(a[i + c] + (next() % 81) - 40);
        if (kind === 'alpha') b[i + 3] = clamp(a[i + 3] + (next() % 81) - 40);
      }
    }
  return [a, b];
}

// mulberry32
function random(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const clamp = (value) => Math.min(Math.max(value, 0), 255);

function base(kind, width, height, seed, jitter) {
  const next = random(seed);
  const image = new Uint8Array(width * height * 4).fill(255);
  if (kind === 'discs' || kind === 'glass') return discs(image, width, height, next, jitter, kind === 'glass');
  const palette = Array.from({ length: 12 }, () => next() & 255);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 4;
      const pick = (next() % 4) * 3;
      const alphas = [0, 128, 255, next() & 255];
      for (let c = 0; c < 3; c++) {
        if (kind === 'palette') image[i + c] = palette[pick + c];
        else if (kind === 'gradient') image[i + c] = (x * (c + 1) + y * (3 - c) + jitter * 9) & 255;
        else image[i + c] = next() & 255;
      }
      if (kind === 'alpha') image[i + 3] = alphas[next() % 4];
    }
  return image;
}

// Discs with smooth edges: sixteen samples a pixel, whole numbers only.
function discs(image, width, height, next, jitter, glass) {
  for (let n = 0; n < 8; n++) {
    const cx = (next() % (width * 4)) + jitter;
    const cy = (next() % (height * 4)) + jitter;
    const r = 4 + (next() % 60);
    const colour = [next() & 255, next() & 255, next() & 255, glass ? next() & 255 : 255];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let inside = 0;
        for (let s = 0; s < 16; s++) {
          const dx = x * 4 + (s & 3) - cx;
          const dy = y * 4 + (s >> 2) - cy;
          if (dx * dx + dy * dy <= r * r) inside++;
        }
        const i = (y * width + x) * 4;
        for (let c = 0; c < 4; c++) image[i + c] = (image[i + c] * (16 - inside) + colour[c] * inside) >> 4;
      }
  }
  return image;
}
