use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::endpoint::Address;

/// What a port does that speaks no HTTP, as far as it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peeked {
    /// It takes the connection, and says nothing.
    Silent,
    Tls,
    /// The first line of what it says.
    Words(String),
}

/// How long each step is waited for.
const WITHIN: Duration = Duration::from_millis(500);

/// How much is shown, in characters.
const SHOWN: usize = 80;

/// As a client of HTTP asks.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Looks at the port of `address` without HTTP; `None` where it takes no connection.
pub async fn peek(address: &Address) -> Option<Peeked> {
    let port = address.port()?;
    let hosts = match address.host()?.as_str() {
        "localhost" => vec!["127.0.0.1".to_owned(), "::1".to_owned()],
        host => vec![host.trim_matches(['[', ']']).to_owned()],
    };
    for host in hosts {
        let Some(said) = first_bytes(&host, port, REQUEST).await else { continue };
        if is_tls(&said) || is_tls(&first_bytes(&host, port, &client_hello()).await.unwrap_or_default()) {
            return Some(Peeked::Tls);
        }
        return Some(first_line(&said).map_or(Peeked::Silent, Peeked::Words));
    }
    None
}

/// What is said to those who say `words`; nothing, where it is not said in time.
async fn first_bytes(host: &str, port: u16, words: &[u8]) -> Option<Vec<u8>> {
    let mut socket = timeout(WITHIN, TcpStream::connect((host, port))).await.ok()?.ok()?;
    // Whoever speaks first does not read it.
    _ = socket.write_all(words).await;
    let mut said = vec![0; 256];
    let length = timeout(WITHIN, socket.read(&mut said)).await.ok().and_then(Result::ok).unwrap_or(0);
    said.truncate(length);
    Some(said)
}

/// RFC 5246, section 6.2.1: a record is an alert or a handshake, of version 3.x.
fn is_tls(said: &[u8]) -> bool {
    matches!(said, [0x15 | 0x16, 0x03, ..])
}

/// The shortest that every server answers, if only with an alert. RFC 5246, section 7.4.1.2.
fn client_hello() -> Vec<u8> {
    let mut hello = vec![0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3];
    // It is not used for anything.
    hello.extend([0x5a; 32]);
    // No session, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, no compression.
    hello.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]);
    hello
}

fn first_line(said: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(said);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let shown = line.chars().take(SHOWN).map(|it| if it.is_control() { '\u{fffd}' } else { it });
    Some(shown.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_told_by_its_first_line() {
        assert_eq!(first_line(b"\r\nSSH-2.0-OpenSSH_9.2\r\nmore").as_deref(), Some("SSH-2.0-OpenSSH_9.2"));
        assert_eq!(first_line(b"J\0\0\0\n5.7").as_deref(), Some("J\u{fffd}\u{fffd}\u{fffd}"));
        assert_eq!(first_line(&[b'x'; 256]).map(|line| line.len()), Some(SHOWN));
        assert_eq!(first_line(b" \r\n"), None);
    }

    #[test]
    fn tls_is_told_by_the_head_of_its_records() {
        assert!(is_tls(&[0x15, 3, 1, 0, 2, 2, 40]) && is_tls(&client_hello()));
        assert!(!is_tls(b"HTTP/1.1 400") && !is_tls(&[0x15]) && !is_tls(&[]));
        assert_eq!(client_hello().len(), 5 + 45);
    }
}
