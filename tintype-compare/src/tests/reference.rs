//! Both metrics written once more as plainly as possible, after the text of
//! `pixelmatch` 7.2 and 8.0. Shares no code with the engine.

use image::RgbaImage;

/// 0 equal, 1 differs, 2 anti-aliasing; one for each pixel. `major` is
/// `pixelmatch`'s version.
pub(super) fn verdicts(
    major: u32,
    (a, b): (&RgbaImage, &RgbaImage),
    threshold: f64,
    include_aa: bool,
) -> Vec<u8> {
    let (width, height) = (a.width() as i64, a.height() as i64);
    let mut verdicts = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (p, q, index) = (pixel(a, x, y), pixel(b, x, y), y * width + x);
            let differs = match major {
                7 => yiq_distance(p, q, index) > 35215.0 * threshold * threshold,
                _ => p != q && oklab_differs(p, q, index, threshold),
            };
            verdicts.push(if !differs {
                0
            } else if !include_aa
                && (antialiased(major, a, b, x, y) || antialiased(major, b, a, x, y))
            {
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

fn yiq_distance(p: [f64; 4], q: [f64; 4], index: i64) -> f64 {
    let [y, i, q] = yiq(p, q, index);
    0.5053 * y * y + 0.299 * i * i + 0.1957 * q * q
}

/// The difference of two colours in YIQ, over the checkerboard.
fn yiq(p: [f64; 4], q: [f64; 4], index: i64) -> [f64; 3] {
    let k = index as f64 * 4.0;
    let square = |step: f64| 48.0 + 159.0 * ((k / step).floor() % 2.0);
    to_yiq(
        p,
        q,
        [48.0, square(1.618033988749895), square(2.618033988749895)],
    )
}

fn to_yiq(p: [f64; 4], q: [f64; 4], behind: [f64; 3]) -> [f64; 3] {
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

fn oklab_differs(p: [f64; 4], q: [f64; 4], index: i64, threshold: f64) -> bool {
    let hash = (index as u32).wrapping_mul(2_654_435_769);
    let behind = [hash >> 31, hash >> 30 & 1, hash >> 29 & 1];
    let lms = |colour: [f64; 4]| {
        let linear: Vec<f64> = (0..3)
            .map(|c| {
                let behind = 48.0 + 159.0 * f64::from(behind[c]);
                let alpha = colour[3];
                linear_light((colour[c] * alpha + behind * (255.0 - alpha)) / 255.0)
            })
            .collect();
        let (r, g, b) = (linear[0], linear[1], linear[2]);
        [
            cube_root(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b),
            cube_root(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b),
            cube_root(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b),
        ]
    };
    let lightness = |[l, m, s]: [f64; 3]| {
        let plain = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
        let k3 = 1.206 / 1.03;
        let x = k3 * plain - 0.206;
        0.5 * (x + (x * x + 4.0 * 0.03 * k3 * plain).sqrt())
    };
    let (p, q) = (lms(p), lms(q));
    let (dl, dm, ds) = (p[0] - q[0], p[1] - q[1], p[2] - q[2]);
    let da = 1.9779984951 * dl - 2.4285922050 * dm + 0.4505937099 * ds;
    let db = 0.0259040371 * dl + 0.7827717662 * dm - 0.8086757660 * ds;
    let rest = threshold - (lightness(p) - lightness(q)).abs();
    rest < 0.0 || da * da + db * db > rest * rest
}

/// Linear light of an sRGB channel, interpolated between whole bytes.
fn linear_light(channel: f64) -> f64 {
    let exact = |byte: f64| {
        let c = byte.min(255.0) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    let below = channel.floor();
    exact(below) + (exact(below + 1.0) - exact(below)) * (channel - below)
}

/// The cube root, interpolated between 4096 steps except near black.
fn cube_root(x: f64) -> f64 {
    let t = x * 4096.0;
    let below = t.floor();
    if below < 8.0 {
        return x.cbrt();
    }
    let [here, next] = [below, below + 1.0].map(|step| (step / 4096.0).cbrt());
    here + (next - here) * (t - below)
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

fn brightness_delta(major: u32, p: [f64; 4], q: [f64; 4], index: i64) -> f64 {
    if major == 7 {
        return yiq(p, q, index)[0];
    }
    let [delta, ..] = to_yiq(p, q, [255.0; 3]);
    if delta == 0.0 && p != q && (p[3] < 255.0 || q[3] < 255.0) {
        (p[3] - q[3]) / 2.0
    } else {
        delta
    }
}

fn antialiased(major: u32, image: &RgbaImage, other: &RgbaImage, x: i64, y: i64) -> bool {
    let index = y * image.width() as i64 + x;
    let around = neighbours(image, x, y);
    let mut equal = usize::from(around.len() < 8);
    let (mut min, mut max) = ((0.0, (0, 0)), (0.0, (0, 0)));
    for (nx, ny) in around {
        let delta = brightness_delta(major, pixel(image, x, y), pixel(image, nx, ny), index);
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
