//! The measure once more, as plainly as it can be written: after the text of
//! `pixelmatch` 7.2, sharing nothing with the engine.

use image::RgbaImage;

/// 0 equal, 1 differs, 2 anti-aliasing; one for each pixel.
pub(super) fn verdicts(a: &RgbaImage, b: &RgbaImage, threshold: f64, include_aa: bool) -> Vec<u8> {
    let limit = 35215.0 * threshold * threshold;
    let (width, height) = (a.width() as i64, a.height() as i64);
    let mut verdicts = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let [dy, di, dq] = yiq(pixel(a, x, y), pixel(b, x, y), y * width + x);
            let delta = 0.5053 * dy * dy + 0.299 * di * di + 0.1957 * dq * dq;
            verdicts.push(if delta <= limit {
                0
            } else if !include_aa && (antialiased(a, b, x, y) || antialiased(b, a, x, y)) {
                2
            } else {
                1
            });
        }
    }
    verdicts
}

fn pixel(image: &RgbaImage, x: i64, y: i64) -> [f64; 4] {
    image.get_pixel(x as u32, y as u32).0.map(f64::from)
}

/// The difference of two colours in YIQ, over the checkerboard.
fn yiq(p: [f64; 4], q: [f64; 4], index: i64) -> [f64; 3] {
    let k = index as f64 * 4.0;
    let square = |step: f64| 48.0 + 159.0 * ((k / step).floor() % 2.0);
    let behind = [48.0, square(1.618033988749895), square(2.618033988749895)];
    let d: Vec<f64> = (0..3)
        .map(|c| {
            if p[3] < 255.0 || q[3] < 255.0 {
                (p[c] * p[3] - q[c] * q[3] - behind[c] * (p[3] - q[3])) / 255.0
            } else {
                p[c] - q[c]
            }
        })
        .collect();
    [
        d[0] * 0.29889531 + d[1] * 0.58662247 + d[2] * 0.11448223,
        d[0] * 0.59597799 - d[1] * 0.27417610 - d[2] * 0.32180189,
        d[0] * 0.21147017 - d[1] * 0.52261711 + d[2] * 0.31114694,
    ]
}

fn neighbours(image: &RgbaImage, x: i64, y: i64) -> Vec<(i64, i64)> {
    let (width, height) = (image.width() as i64, image.height() as i64);
    let mut places = Vec::new();
    for nx in x - 1..=x + 1 {
        for ny in y - 1..=y + 1 {
            let inside = nx >= 0 && ny >= 0 && nx < width && ny < height;
            if inside && (nx, ny) != (x, y) {
                places.push((nx, ny));
            }
        }
    }
    places
}

fn antialiased(image: &RgbaImage, other: &RgbaImage, x: i64, y: i64) -> bool {
    let index = y * image.width() as i64 + x;
    let around = neighbours(image, x, y);
    let mut equal = usize::from(around.len() < 8);
    let (mut min, mut max) = ((0.0, (0, 0)), (0.0, (0, 0)));
    for (nx, ny) in around {
        let [delta, ..] = yiq(pixel(image, x, y), pixel(image, nx, ny), index);
        if delta == 0.0 {
            equal += 1;
        } else if delta < min.0 {
            min = (delta, (nx, ny));
        } else if delta > max.0 {
            max = (delta, (nx, ny));
        }
    }
    let flat = |(x, y)| siblings(image, x, y) > 2 && siblings(other, x, y) > 2;
    equal <= 2 && min.0 != 0.0 && max.0 != 0.0 && (flat(min.1) || flat(max.1))
}

fn siblings(image: &RgbaImage, x: i64, y: i64) -> usize {
    let around = neighbours(image, x, y);
    let edge = usize::from(around.len() < 8);
    let equal = |(nx, ny): &(i64, i64)| pixel(image, *nx, *ny) == pixel(image, x, y);
    edge + around.iter().filter(|place| equal(place)).count()
}
