//! Image pairs made from a number: the same pixels as `tests/oracle/pairs.mjs`.

use image::RgbaImage;

/// A name as the oracle writes it: `discs-redrawn-130x40-17`.
pub(super) fn draw(name: &str) -> Option<(RgbaImage, RgbaImage)> {
    let parts: Vec<&str> = name.split('-').collect();
    let [kind, change, size, seed] = parts[..] else {
        return None;
    };
    let (width, height) = size.split_once('x')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    let seed: u32 = seed.parse().ok()?;
    let a = base(kind, width, height, seed, 0);
    let b = match change {
        "other" => base(kind, width, height, seed + 100_000, 0),
        "redrawn" => base(kind, width, height, seed, 1),
        _ => changed(&a, kind, change, seed),
    };
    Some((a, b))
}

fn changed(a: &RgbaImage, kind: &str, change: &str, seed: u32) -> RgbaImage {
    let mut b = a.clone();
    let mut random = Random(seed + 200_000);
    for (x, y, pixel) in b.enumerate_pixels_mut() {
        if change == "shifted" {
            *pixel = *a.get_pixel(x, y.saturating_sub(1));
        } else if random.next().is_multiple_of(5) {
            let channels = if kind == "alpha" { 4 } else { 3 };
            for channel in &mut pixel.0[..channels] {
                let moved = i32::from(*channel) + (random.next() % 81) as i32 - 40;
                *channel = moved.clamp(0, 255) as u8;
            }
        }
    }
    b
}

/// mulberry32
pub(super) struct Random(pub(super) u32);

impl Random {
    pub(super) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let mut t = (self.0 ^ (self.0 >> 15)).wrapping_mul(1 | self.0);
        t = t.wrapping_add((t ^ (t >> 7)).wrapping_mul(61 | t)) ^ t;
        t ^ (t >> 14)
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.next() as u8
    }
}

fn base(kind: &str, width: u32, height: u32, seed: u32, jitter: u32) -> RgbaImage {
    let mut random = Random(seed);
    let mut image = RgbaImage::from_pixel(width, height, image::Rgba([255; 4]));
    if kind == "discs" || kind == "glass" {
        discs(&mut image, &mut random, jitter as i64, kind == "glass");
        return image;
    }
    let palette: Vec<u8> = (0..12).map(|_| random.byte()).collect();
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let pick = (random.next() % 4) as usize * 3;
        let alphas = [0, 128, 255, random.byte()];
        for c in 0..3 {
            pixel.0[c] = match kind {
                "palette" => palette[pick + c],
                "gradient" => (x * (c as u32 + 1) + y * (3 - c as u32) + jitter * 9) as u8,
                _ => random.byte(),
            };
        }
        if kind == "alpha" {
            pixel.0[3] = alphas[(random.next() % 4) as usize];
        }
    }
    image
}

fn discs(image: &mut RgbaImage, random: &mut Random, jitter: i64, glass: bool) {
    for _ in 0..8 {
        let cx = i64::from(random.next() % (image.width() * 4)) + jitter;
        let cy = i64::from(random.next() % (image.height() * 4)) + jitter;
        let r = i64::from(4 + random.next() % 60);
        let mut colour = [random.byte(), random.byte(), random.byte(), 255];
        if glass {
            colour[3] = random.byte();
        }
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let covered = |s: &i64| {
                let dx = i64::from(x) * 4 + (s & 3) - cx;
                let dy = i64::from(y) * 4 + (s >> 2) - cy;
                dx * dx + dy * dy <= r * r
            };
            let inside = (0..16).filter(covered).count() as u32;
            for (channel, paint) in pixel.0.iter_mut().zip(colour) {
                *channel =
                    ((u32::from(*channel) * (16 - inside) + u32::from(paint) * inside) >> 4) as u8;
            }
        }
    }
}
