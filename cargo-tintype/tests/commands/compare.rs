use std::fs::{self, File};
use std::io;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use image::{Rgba, RgbaImage};
use tintype::compare::encode_png;

use super::project::Project;

/// Two folders: one image the same in both, one with a black square, one that
/// is not an image, and one on each side only.
fn project() -> Project {
    let project = Project::empty();
    let white = RgbaImage::from_pixel(100, 50, Rgba([255; 4]));
    let mut square = white.clone();
    for (x, y) in (10..20).flat_map(|x| (30..40).map(move |y| (x, y))) {
        square.put_pixel(x, y, Rgba([0, 0, 0, 255]));
    }
    let [white, square] = [white, square].map(|image| encode_png(&image).unwrap());
    project.write("a/same.png", &white);
    project.write("b/same.png", &white);
    project.write("a/sub/square.png", &white);
    project.write("b/sub/square.png", &square);
    project
}

#[test]
fn two_images_and_the_exit_codes() {
    let project = project();
    let run = |arguments: &[&str]| {
        let said = project.tintype(&[&["compare"], arguments].concat());
        format!("$ compare {}\n{}", arguments.join(" "), said.all())
    };
    let (a, b) = ("a/sub/square.png", "b/sub/square.png");
    let transcript = [
        run(&["a/same.png", "b/same.png"]),
        run(&[a, b, "--diff", "out/diff.png"]),
        run(&[a, b, "--max-diff-pixels", "100"]),
        run(&[a, b, "--ignore", "10,30,10x10"]),
        run(&[a, b, "--explain"]),
        run(&[a, b, "--json"]),
        run(&[
            a,
            b,
            "--metric",
            "yiq",
            "--include-aa",
            "--max-diff-window",
            "16:28",
        ]),
        run(&[a, b, "--max-delta-e", "5"]),
        run(&[a, b, "--metric", "rgb"]),
        run(&[a, b, "--max-diff-window", "16"]),
        run(&["a/same.png", "nowhere.png"]),
        run(&["a/same.png", "b"]),
        run(&[a, b, "--threshold", "2"]),
    ];
    insta::assert_snapshot!(transcript.join("\n"));
    assert!(project.has("out/diff.png"));
}

#[test]
fn two_folders() {
    let project = project();
    project.write("a/gone.png", b"");
    project.write("b/added.png", b"");
    insta::assert_snapshot!(
        project
            .tintype(&["compare", "a", "b", "--diff", "out"])
            .all()
    );
    assert!(project.has("out/sub/square.png") && !project.has("out/same.png"));
    project.write("a/broken.png", b"<html>");
    project.write("b/broken.png", b"no image");
    insta::assert_snapshot!(project.tintype(&["compare", "a", "b"]).all());
    let json: serde_json::Value =
        serde_json::from_str(&project.tintype(&["compare", "a", "b", "--json"]).out).unwrap();
    let names: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "added.png",
            "broken.png",
            "gone.png",
            "same.png",
            "sub/square.png"
        ]
    );
    assert_eq!(json[3]["same"], true);
    assert_eq!(json[4]["differing"], 100);
}

#[test]
fn without_a_diff_image_the_verdict_is_printed() {
    let project = project();
    for (path, width, height) in [("wide.png", 1 << 14, 1), ("tall.png", 1, (1 << 13) + 1)] {
        let image = RgbaImage::from_pixel(width, height, Rgba([255; 4]));
        project.write(path, &encode_png(&image).unwrap());
    }
    let said = project.tintype(&["compare", "wide.png", "tall.png", "--diff", "out.png"]);
    insta::assert_snapshot!(said.all(), @"
    exit code 1
    --- stdout
    the size changed from 16384×1 to 1×8193; 100.0 % of pixels differ (24,575 of 24,576); largest region 16383×8193 at 1,0
    --- stderr
    warning: out.png was not written: failed to draw the difference: its size of 16384×8193 pixels exceeds the maximum of 134,217,728 pixels
    ");
    assert!(!project.has("out.png"));
}

#[test]
fn equal_files_are_not_looked_into() {
    let project = project();
    let whole = fs::read(project.root().join("a/same.png")).unwrap();
    for path in ["a/same.png", "b/same.png"] {
        project.write(path, &whole[..40]);
    }
    for more in [&[][..], &["--explain"], &["--explain", "--json"]] {
        let said = project.tintype(&[&["compare", "a/same.png", "b/same.png"], more].concat());
        assert_eq!(said.code, Some(0), "{more:?}: {}", said.err);
    }
}

/// Some gigabytes: enough for the program, and too little for an endless file.
#[cfg(unix)]
fn with_little_memory(project: &Project, arguments: &[&str]) -> Output {
    let mut shell = project.command("sh");
    shell.args(["-c", "ulimit -v 4000000 2>&-; exec \"$@\"", "sh"]);
    shell.args([env!("CARGO_BIN_EXE_cargo-tintype"), "tintype", "compare"]);
    shell.args(arguments).output().unwrap()
}

#[cfg(unix)]
#[test]
fn what_has_no_end_is_not_read_to_it() {
    let project = project();
    let long = project.write(
        "long.png",
        &fs::read(project.root().join("a/same.png")).unwrap(),
    );
    let file = File::options().write(true).open(long).unwrap();
    file.set_len(30 << 30).unwrap();
    // Nothing will ever write to it.
    let made = project.command("mkfifo").arg("pipe.png").status().unwrap();
    assert!(made.success());
    for (path, wanted) in [
        ("/dev/zero", "it is not a regular file"),
        ("pipe.png", "it is not a regular file"),
        ("long.png", "it is longer than"),
    ] {
        let said = project.said(&with_little_memory(&project, &["a/same.png", path]));
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains(wanted), "{}", said.err);
    }
}

/// Waits for a program, and kills it after a time limit.
fn in_time(mut command: Command) -> Option<i32> {
    let mut program = command.spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while program.try_wait().unwrap().is_none() && Instant::now() < end {
        thread::sleep(Duration::from_millis(10));
    }
    let _ = program.kill();
    program.wait().unwrap().code()
}

#[cfg(unix)]
#[test]
fn a_pipe_of_the_shell_is_read() {
    let project = project();
    let mut command = project.command("bash");
    let program = env!("CARGO_BIN_EXE_cargo-tintype");
    let compare = "\"$0\" tintype compare a/same.png <(cat b/sub/square.png)";
    command.args(["-c", compare, program]).stdout(Stdio::null());
    assert_eq!(in_time(command), Some(1));
}

#[test]
fn tolerances_are_finite_and_not_negative() {
    let project = project();
    for option in ["--threshold", "--max-diff-ratio", "--max-delta-e"] {
        for value in ["NaN", "-NaN", "inf", "-inf", "1e999", "-1", "-0.1", "101"] {
            let option = format!("{option}={value}");
            let said = project.tintype(&["compare", "a/same.png", "b/same.png", &option]);
            assert_eq!(said.code, Some(2), "{option}");
            assert!(
                said.err.contains("expected a number from 0 to 1"),
                "{}",
                said.err
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn sixteen_bits_per_channel_need_no_more_memory_than_eight() {
    let project = project();
    let mut image = image::ImageBuffer::<Rgba<u16>, _>::new(6_000, 6_000);
    image.save(project.root().join("deep-a.png")).unwrap();
    image.put_pixel(5_000, 5_000, Rgba([u16::MAX; 4]));
    image.save(project.root().join("deep-b.png")).unwrap();
    let mut shell = project.command("sh");
    // As RGBA of 8 bits the two take 288 MB.
    shell.args(["-c", "ulimit -d 500000; exec \"$@\"", "sh"]);
    shell.args([env!("CARGO_BIN_EXE_cargo-tintype"), "tintype", "compare"]);
    let output = shell.args(["deep-a.png", "deep-b.png"]).output().unwrap();
    let said = project.said(&output);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.contains("(1 of 36,000,000)"), "{}", said.out);
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let project = project();
    project.write("a/broken.png", b"<html>");
    project.write("b/broken.png", b"no image");
    for (paths, code) in [
        (["a/sub/square.png", "b/sub/square.png"], 1),
        (["a", "b"], 2),
        (["a/broken.png", "b/broken.png"], 2),
    ] {
        for more in [&[][..], &["--json"]] {
            let mut command = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
            command.args(["tintype", "compare"]).args(paths).args(more);
            let (reader, writer) = io::pipe().unwrap();
            command.stdout(writer.try_clone().unwrap()).stderr(writer);
            drop(reader);
            assert_eq!(in_time(command), Some(code), "{paths:?} {more:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_told_as_well_as_it_can_be() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let project = project();
    let name = OsStr::from_bytes(b"\xff.png");
    fs::write(project.root().join("a").join(name), b"").unwrap();
    let said = project.tintype(&["compare", "a", "b"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(
        said.out
            .contains("\u{fffd}.png: only in the baseline folder")
    );
    let json: serde_json::Value =
        serde_json::from_str(&project.tintype(&["compare", "a", "b", "--json"]).out).unwrap();
    assert_eq!(json[2]["path"], "\u{fffd}.png");
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    use std::os::unix::fs::symlink;

    let project = project();
    let root = project.root();
    for folder in ["a", "b"] {
        symlink("sub/square.png", root.join(folder).join("link.png")).unwrap();
        symlink("sub", root.join(folder).join("folder")).unwrap();
        symlink("nowhere", root.join(folder).join("other")).unwrap();
    }
    insta::assert_snapshot!(project.tintype(&["compare", "a", "b"]).all(), @"
    exit code 1
    --- stdout
    folder/square.png: 2.0 % of pixels differ (100 of 5,000); region 10×10 at 10,30
    link.png: 2.0 % of pixels differ (100 of 5,000); region 10×10 at 10,30
    sub/square.png: 2.0 % of pixels differ (100 of 5,000); region 10×10 at 10,30
    1 the same, 3 different
    --- stderr
    ");
    for folder in ["a", "b"] {
        symlink("nowhere.png", root.join(folder).join("missing.png")).unwrap();
        symlink("..", root.join(folder).join("sub/up")).unwrap();
    }
    insta::assert_snapshot!(project.tintype(&["compare", "a", "b"]).all(), @"
    exit code 2
    --- stdout
    folder/square.png: 2.0 % of pixels differ (100 of 5,000); region 10×10 at 10,30
    link.png: 2.0 % of pixels differ (100 of 5,000); region 10×10 at 10,30
    sub/square.png: 2.0 % of pixels differ (100 of 5,000); region 10×10 at 10,30
    1 the same, 3 different, 3 could not be compared
    --- stderr
    folder/up: failed to read a/folder/up: Is a directory (os error 21)
    missing.png: failed to read a/missing.png: No such file or directory (os error 2)
    sub/up: failed to read a/sub/up: Is a directory (os error 21)
    ");
}
