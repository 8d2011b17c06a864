use super::bench::differing_after;

/// The clock of frames advances a little with each, and a busy machine takes more.
#[test]
fn frames_do_not_move_a_page_whose_time_is_over() {
    let moving = [
        "<marquee style='font: 30px/1.4 sans-serif'>words that run by</marquee>",
        "<svg width=300 height=100><rect width=40 height=40><animate attributeName=x from=0 \
         to=200 dur=3.7s repeatCount=indefinite></animate></rect></svg>",
    ];
    for markup in moving {
        let script = format!("document.body.innerHTML = `{markup}`");
        assert_eq!(differing_after(500, &script), 0, "{markup}");
    }
}
