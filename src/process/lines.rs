//! Reads the output of programs line by line, whatever bytes it consists of.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest line that is kept, in bytes. The rest of a line is dropped.
const MAX_LINE: usize = 4096;

/// The lines of a program's output.
#[derive(Debug)]
pub(super) struct Lines<R> {
    output: R,
    /// Bytes that are read, from `position` on not yet part of a line.
    buffer: Vec<u8>,
    position: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(output: R) -> Self {
        Self {
            output,
            buffer: Vec::with_capacity(8192),
            position: 0,
        }
    }

    /// The next line without its end, of at most [`MAX_LINE`] bytes. Bytes that
    /// are not UTF-8 are replaced. `None` at the end of the output.
    pub(super) async fn next(&mut self) -> Option<String> {
        let (mut line, mut dropped) = (Vec::new(), 0);
        loop {
            if self.position == self.buffer.len() {
                self.buffer.clear();
                self.position = 0;
                let read = self.output.read_buf(&mut self.buffer).await;
                if !read.is_ok_and(|read| read > 0) {
                    let is_empty = line.is_empty() && dropped == 0;
                    return (!is_empty).then(|| text(&line, dropped));
                }
            }
            let rest = &self.buffer[self.position..];
            let end = rest.iter().position(|&byte| byte == b'\n');
            let part = &rest[..end.unwrap_or(rest.len())];
            let kept = part.len().min(MAX_LINE - line.len());
            line.extend_from_slice(&part[..kept]);
            dropped += part.len() - kept;
            self.position += part.len() + usize::from(end.is_some());
            if end.is_some() {
                return Some(text(&line, dropped));
            }
        }
    }
}

fn text(line: &[u8], dropped: usize) -> String {
    let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
    match dropped {
        0 => text.into_owned(),
        dropped => format!("{text} … {dropped} bytes more"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, MAX_LINE};

    #[tokio::test]
    async fn lines_are_capped_and_need_not_be_utf8() {
        let long = "x".repeat(3 * MAX_LINE);
        let output = [
            b"one\r\n\n\xff\xfe!\n".as_slice(),
            long.as_bytes(),
            b"\nlast",
        ]
        .concat();
        let mut lines = Lines::new(&*output);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await {
            found.push(line);
        }
        let kept = format!("{} … {} bytes more", "x".repeat(MAX_LINE), 2 * MAX_LINE);
        assert_eq!(found, ["one", "", "\u{fffd}\u{fffd}!", &kept, "last"]);
    }
}
