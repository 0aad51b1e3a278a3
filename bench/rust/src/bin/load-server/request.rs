//! As much of HTTP as the clients of a bench speak.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, sink};

/// The path of the next request, its body read and thrown away; nothing where the client has left.
pub async fn next(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).ok_or(io::ErrorKind::InvalidData)?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).await?;
        let header = line.trim_end();
        if header.is_empty() {
            break;
        }
        match header.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
            }
            Some((name, _)) if name.eq_ignore_ascii_case("transfer-encoding") => {
                return Err(io::ErrorKind::Unsupported.into());
            }
            _ => {}
        }
    }
    tokio::io::copy(&mut reader.take(length), &mut sink()).await?;
    Ok(Some(path))
}
