//! Counts each differing pixel to the change that explains it, and verifies that
//! it looks as that change makes it look.

use std::collections::{BTreeMap, HashMap};

use image::RgbaImage;

use super::areas::PixelRect;
use super::claims::{Claim, ClaimCheck};

/// How far a pixel may be from the area of a claim, for glyphs that overhang.
const NEAR: i64 = 4;

/// Two images, and the pixels in which they differ.
pub(super) struct DifferingImages {
    pub(super) baseline: RgbaImage,
    pub(super) current: RgbaImage,
    pub(super) differing: Vec<(u32, u32)>,
}

impl DifferingImages {
    /// Width and height of the smallest image that holds both.
    fn size(&self) -> (u32, u32) {
        (
            self.baseline.width().max(self.current.width()),
            self.baseline.height().max(self.current.height()),
        )
    }
}

/// The pixels of one claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ClaimedPixels {
    pub(super) pixels: u64,
    /// Those that look as the change makes them look.
    pub(super) verified: u64,
    /// Whether any differing pixel is in the claimed area, whatever it counts to.
    pub(super) is_touched: bool,
}

/// Counts the pixels of each claim. Pixels that no claim explains are left out.
pub(super) fn attribute(images: &DifferingImages, claims: &[Claim]) -> Vec<ClaimedPixels> {
    let pixels = claimed_pixels(images, claims);
    let counted = claims.iter().zip(&pixels);
    counted
        .map(|(claim, pixels)| ClaimedPixels {
            pixels: pixels.len() as u64,
            verified: verified(images, claim, pixels),
            is_touched: !pixels.is_empty() || is_touched(images, claim),
        })
        .collect()
}

/// The differing pixels of each claim.
pub(super) fn claimed_pixels(images: &DifferingImages, claims: &[Claim]) -> Vec<Vec<(u32, u32)>> {
    let (width, height) = images.size();
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by(|&a, &b| claims[a].order.total_cmp(&claims[b].order));
    let mut owners = OwnerGrid::new(width, height);
    for &claim in &order {
        for area in &claims[claim].areas {
            owners.fill(*area, claim);
        }
    }
    let by_colours = claims_by_colours(claims, &order);
    let mut pixels: Vec<Vec<(u32, u32)>> = vec![Vec::new(); claims.len()];
    for &(x, y) in &images.differing {
        let exact = exact_claim(images, claims, &by_colours, (x, y));
        if let Some(claim) = exact.or_else(|| owners.near(x, y)) {
            pixels[claim].push((x, y));
        }
    }
    pixels
}

/// Whether any differing pixel is in the area of a claim.
fn is_touched(images: &DifferingImages, claim: &Claim) -> bool {
    claim.order >= 0.0
        && images.differing.iter().any(|&(x, y)| {
            let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
            claim.areas.iter().any(|area| is_inside(area, x, y))
        })
}

fn is_inside([left, top, right, bottom]: &PixelRect, x: f64, y: f64) -> bool {
    (*left..*right).contains(&x) && (*top..*bottom).contains(&y)
}

type ColourPair = ([u8; 3], [u8; 3]);

/// Claims that replace one colour by another, topmost first.
fn claims_by_colours(claims: &[Claim], order: &[usize]) -> HashMap<ColourPair, Vec<usize>> {
    let mut found: HashMap<ColourPair, Vec<usize>> = HashMap::new();
    for &claim in order.iter().rev() {
        if let Some(pair) = claims[claim].colours {
            found.entry(pair).or_default().push(claim);
        }
    }
    found
}

/// The claim that replaces exactly this colour by that one here.
fn exact_claim(
    images: &DifferingImages,
    claims: &[Claim],
    by_colours: &HashMap<ColourPair, Vec<usize>>,
    (x, y): (u32, u32),
) -> Option<usize> {
    if by_colours.is_empty() {
        return None;
    }
    let pair = (
        opaque_pixel(&images.baseline, x, y)?,
        opaque_pixel(&images.current, x, y)?,
    );
    let found = by_colours.get(&pair)?.iter();
    let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
    let mut inside = found.filter(|&&claim| {
        let mut areas = claims[claim].areas.iter();
        areas.any(|area| is_inside(area, x, y))
    });
    inside.next().copied()
}

fn opaque_pixel(image: &RgbaImage, x: u32, y: u32) -> Option<[u8; 3]> {
    let [r, g, b, a] = image.get_pixel_checked(x, y)?.0;
    (a == 255).then_some([r, g, b])
}

/// The topmost claim at each pixel.
struct OwnerGrid {
    width: i64,
    height: i64,
    /// The number of the claim and 1; 0 for none.
    owners: Vec<u32>,
}

impl OwnerGrid {
    fn new(width: u32, height: u32) -> Self {
        Self {
            width: width.into(),
            height: height.into(),
            owners: vec![0; width as usize * height as usize],
        }
    }

    fn fill(&mut self, [left, top, right, bottom]: PixelRect, claim: usize) {
        let clamp = |edge: f64, most: i64| (edge.clamp(0.0, most as f64)) as i64;
        let (left, right) = (
            clamp(left.floor(), self.width),
            clamp(right.ceil(), self.width),
        );
        let (top, bottom) = (
            clamp(top.floor(), self.height),
            clamp(bottom.ceil(), self.height),
        );
        let owner = u32::try_from(claim + 1).unwrap_or(u32::MAX);
        for y in top..bottom {
            let row = (y * self.width) as usize;
            if left < right {
                self.owners[row + left as usize..row + right as usize].fill(owner);
            }
        }
    }

    fn at(&self, x: i64, y: i64) -> Option<usize> {
        let is_inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        let owner = is_inside.then(|| self.owners[(y * self.width + x) as usize])?;
        (owner as usize).checked_sub(1)
    }

    /// The claim at a pixel, or next to it.
    fn near(&self, x: u32, y: u32) -> Option<usize> {
        let (x, y) = (i64::from(x), i64::from(y));
        self.at(x, y).or_else(|| {
            (1..=NEAR).find_map(|distance| {
                let around = [(distance, 0), (-distance, 0), (0, distance), (0, -distance)];
                around
                    .into_iter()
                    .find_map(|(dx, dy)| self.at(x + dx, y + dy))
            })
        })
    }
}

/// How many pixels look as the change makes them look.
fn verified(images: &DifferingImages, claim: &Claim, pixels: &[(u32, u32)]) -> u64 {
    match claim.check {
        ClaimCheck::Area => pixels.len() as u64,
        ClaimCheck::Recolouring => consistently_recoloured(images, pixels),
        ClaimCheck::Shift(x, y) => {
            let places = [x.floor(), x.ceil()].into_iter();
            let places = places.flat_map(|x| [y.floor(), y.ceil()].map(|y| (x as i64, y as i64)));
            let counts = places.map(|by| shifted(images, claim, pixels, by));
            counts.max().unwrap_or_default()
        }
    }
}

/// The pixels whose colour became the one that most of its colour became.
fn consistently_recoloured(images: &DifferingImages, pixels: &[(u32, u32)]) -> u64 {
    let mut became: HashMap<[u8; 4], BTreeMap<[u8; 4], u64>> = HashMap::new();
    for &(x, y) in pixels {
        let pair = images.baseline.get_pixel_checked(x, y);
        if let Some((old, new)) = pair.zip(images.current.get_pixel_checked(x, y)) {
            *became.entry(old.0).or_default().entry(new.0).or_default() += 1;
        }
    }
    let most = became.values().filter_map(|colours| colours.values().max());
    most.sum()
}

/// The pixels that are those of the baseline at another place. Where the element
/// was before, the baseline does not show what is behind it.
fn shifted(
    images: &DifferingImages,
    claim: &Claim,
    pixels: &[(u32, u32)],
    (dx, dy): (i64, i64),
) -> u64 {
    let Some([left, top, right, bottom]) = claim.areas.last() else {
        return 0;
    };
    let is_new = |x: u32, y: u32| {
        (*left..*right).contains(&f64::from(x)) && (*top..*bottom).contains(&f64::from(y))
    };
    let looks_moved = |&&(x, y): &&(u32, u32)| {
        if !is_new(x, y) {
            return true;
        }
        let old = (i64::from(x) - dx, i64::from(y) - dy);
        let old = u32::try_from(old.0).ok().zip(u32::try_from(old.1).ok());
        let old = old.and_then(|(x, y)| images.baseline.get_pixel_checked(x, y));
        old.is_some() && old == images.current.get_pixel_checked(x, y)
    };
    pixels.iter().filter(looks_moved).count() as u64
}
