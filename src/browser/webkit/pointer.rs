//! Moves a display's pointer to its corner. Without a window manager, the window
//! under the pointer has the focus; in the corner there is the browser's
//! toolbar, so that nothing of the page is hovered.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::process::connect_local;

/// "I am little-endian and speak version 11", without authorisation.
const HELLO: [u8; 12] = [b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0];

const WARP_POINTER: u8 = 41;
const GET_INPUT_FOCUS: u8 = 43;

/// Moves the pointer of the display `:number` to 1,1.
///
/// # Errors
/// When the display does not answer.
pub(super) async fn move_to_corner(number: u32) -> io::Result<()> {
    let mut server = connect_local(format!("/tmp/.X11-unix/X{number}").as_ref()).await?;
    server.write_all(&HELLO).await?;
    let mut head = [0; 8];
    server.read_exact(&mut head).await?;
    let length = usize::from(u16::from_le_bytes([head[6], head[7]])) * 4;
    let mut setup = vec![0; length];
    server.read_exact(&mut setup).await?;
    let root =
        root(&setup).ok_or_else(|| io::Error::other("the display rejected the connection"))?;
    let mut warp = vec![WARP_POINTER, 0, 6, 0, 0, 0, 0, 0];
    warp.extend(root);
    // No source; to 1,1.
    warp.extend([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0]);
    server.write_all(&warp).await?;
    // Its answer comes when the pointer has been moved.
    server.write_all(&[GET_INPUT_FOCUS, 0, 1, 0]).await?;
    server.read_exact(&mut [0; 32]).await?;
    Ok(())
}

/// The root window of the first screen, which follows the vendor's name and the
/// formats.
fn root(setup: &[u8]) -> Option<[u8; 4]> {
    let name = usize::from(u16::from_le_bytes(setup.get(16..18)?.try_into().ok()?));
    let formats = usize::from(*setup.get(21)?);
    let at = 32 + name.next_multiple_of(4) + formats * 8;
    setup.get(at..at + 4)?.try_into().ok()
}
