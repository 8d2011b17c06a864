//! The pairs of images that are compared.

use std::fs;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage, RgbaImage};

/// Two files of one size.
pub struct Case {
    pub name: String,
    pub paths: [PathBuf; 2],
}

impl Case {
    pub fn files(&self) -> [Vec<u8>; 2] {
        [0, 1].map(|side| fs::read(&self.paths[side]).unwrap())
    }

    /// The number of measurements; large images have a fifth of them.
    pub fn rounds(&self, of_small: usize) -> usize {
        let bytes: u64 = self
            .paths
            .iter()
            .map(|path| fs::metadata(path).unwrap().len())
            .sum();
        if bytes > 20 << 20 {
            of_small / 5
        } else {
            of_small
        }
    }

    pub fn images(&self) -> [RgbaImage; 2] {
        self.files()
            .map(|file| image::load_from_memory(&file).unwrap().into_rgba8())
    }
}

/// The pairs of a folder.
pub fn find(folder: &Path) -> Vec<Case> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "png"));
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| case(folder, path))
        .collect()
}

fn case(folder: &Path, path: PathBuf) -> Option<Case> {
    let name = path.file_stem()?.to_string_lossy().into_owned();
    let (base, change) = name.split_once(['-', '_'])?;
    let bases = [format!("{base}.png"), format!("{base}_a.png")].map(|name| folder.join(name));
    let base = bases.into_iter().find(|base| base.exists())?;
    // The base compared with itself is the case of equal files.
    let name = if change == "a" {
        name.replace("_a", "_equal")
    } else {
        name
    };
    Some(Case {
        name,
        paths: [base, path],
    })
}

/// Pairs that differ from the screenshots, in a separate folder: a photograph
/// of 37 megapixels (every pixel with its own noise), a second file of the same
/// bytes, a copy of which 36 pixels differ, and one with a retouched part.
pub fn generate() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("compare-peers-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut photo = photograph(7400, 5000);
    photo.save(folder.join("photo.png")).unwrap();
    fs::copy(folder.join("photo.png"), folder.join("photo-equal.png")).unwrap();
    let mut retouched = photo.clone();
    for (x, y) in (2000..3600).flat_map(|x| (1500..2600).map(move |y| (x, y))) {
        let pixel = retouched.get_pixel_mut(x, y);
        *pixel = Rgb(pixel.0.map(|channel| channel.saturating_add(60)));
    }
    retouched.save(folder.join("photo-retouched.png")).unwrap();
    for index in 0..36 {
        let pixel = photo.get_pixel_mut(2000 + index % 6, 1500 + index / 6);
        *pixel = Rgb(pixel.0.map(|channel| channel ^ 0x80));
    }
    photo.save(folder.join("photo-few.png")).unwrap();
    folder
}

/// Hills in a haze.
fn photograph(width: u32, height: u32) -> RgbImage {
    let waves = |length: u32, step: f32| -> Vec<f32> {
        let wave = |at| (at as f32 / step).sin() * 50.0 + 60.0;
        (0..length).map(wave).collect()
    };
    let across = [190.0, 310.0, 520.0].map(|step| waves(width, step));
    let down = [130.0, 220.0, 360.0].map(|step| waves(height, step));
    let mut state = 1_u32;
    RgbImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = [state >> 28, state >> 24 & 15, 0];
        Rgb([0, 1, 2].map(|c| (across[c][x as usize] + down[c][y as usize]) as u8 + noise[c] as u8))
    })
}
