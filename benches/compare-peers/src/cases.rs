//! What is compared.

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
    // The base beside itself stands for files that are equal.
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

/// Pairs like none of the screenshots, in a folder of their own: a photograph
/// (every pixel with its own noise) and a copy of which 36 pixels differ, and a
/// second file of the same bytes.
pub fn generate() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("compare-peers-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut state = 1_u32;
    let mut photo = RgbImage::from_fn(4000, 3000, |x, y| {
        let hills =
            |step: f32| ((x as f32 / step).sin() + (y as f32 / (step * 0.7)).cos()) * 50.0 + 120.0;
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 28) as f32;
        Rgb([hills(190.0) + noise, hills(310.0) + noise, hills(520.0)].map(|channel| channel as u8))
    });
    photo.save(folder.join("photo.png")).unwrap();
    fs::copy(folder.join("photo.png"), folder.join("photo-equal.png")).unwrap();
    for index in 0..36 {
        let pixel = photo.get_pixel_mut(2000 + index % 6, 1500 + index / 6);
        *pixel = Rgb(pixel.0.map(|channel| channel ^ 0x80));
    }
    photo.save(folder.join("photo-few.png")).unwrap();
    folder
}
