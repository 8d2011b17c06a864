use super::bench::{pending, settle};

#[test]
fn a_video_without_its_first_frame_is_pending() {
    let script = "document.body.innerHTML = '<video src=BASE/never></video>'";
    assert_eq!(pending(script, ""), ["video"]);
}

#[test]
fn videos_that_load_nothing_and_audio_are_complete() {
    let script = "document.body.innerHTML = `<video></video><audio src=BASE/never></audio>
        <video src=BASE/never preload=none></video>`";
    settle(script, "");
}
