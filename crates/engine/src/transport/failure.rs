//! What reqwest's errors mean. Their own texts hold the URL with its query, which may hold a secret.

use std::{error::Error as StdError, io};

use super::{handshake, proxied};
use crate::{
    endpoint::{Address, Proxy, Route},
    error::{Code, Error},
};

/// How many headers hyper reads. (Their length is bounded by its buffer.)
const MAX_HEADERS: usize = 100;

/// No answer came.
pub(super) fn of_request(error: &reqwest::Error, address: &Address, route: &Route) -> Error {
    let base = address.base();
    if is_head_too_large(error) {
        let message = format!(
            "The head of the answer from {base} is longer than 400 KiB, or has more than {MAX_HEADERS} headers"
        );
        return Error::new(Code::Protocol, message)
            .hint("Check the address: no LLM server answers like that.");
    }
    let secure_proxy = route.proxy.as_ref().filter(|proxy| proxy.is_https());
    let failed_proxy = secure_proxy.filter(|_| !address.is_https() || proxied::is_unreached(error));
    let peer = failed_proxy.map_or(base, Proxy::shown);
    let known = handshake::failure(error, peer)
        .or_else(|| proxied::failure(error, route.proxy.as_ref()?, address))
        .or_else(|| at_socket(error, route));
    if let Some(known) = known {
        return known;
    }
    let system_code = system_code(error);
    let reason = reason(error);
    let (message, hint) = match system_code {
        Some("ECONNREFUSED") => (
            format!("Nothing listens at {base} (connection refused)"),
            "Start the server, or check host and port.".to_owned(),
        ),
        Some("ENOTFOUND") => (
            format!("No machine is known by the name in {base}"),
            "Check how the host is written, and whether this machine can look it up.".to_owned(),
        ),
        Some(code) if error.is_connect() => {
            (format!("No connection to {base} ({code})"), "Check the address and the network.".to_owned())
        }
        Some(code) => (
            format!("The connection to {base} broke before the answer began ({code})"),
            if address.is_https() {
                "The server may have stopped: look at its log. Or it wants a certificate of its clients: `tls.cert`."
            } else {
                "The server may have stopped or be restarting, or expect https://: look at its log."
            }
            .to_owned(),
        ),
        None if address.is_https() && error.is_connect() => (
            format!("No secure connection to {base}: {reason}"),
            "If the server speaks plain HTTP, write http:// instead.".to_owned(),
        ),
        None if is_closed(error) => (
            format!("The server at {base} closed the connection without an answer"),
            "The server may have stopped, or expect https://.".to_owned(),
        ),
        None if is_parse(error) => (
            format!("What listens at {base} does not speak HTTP: {reason}"),
            "Check the port: another program listens there, or it expects https://.".to_owned(),
        ),
        None => (format!("No answer from {base}: {reason}"), "Check the address and the network.".to_owned()),
    };
    let mut failure = Error::new(Code::Connection, message).hint(hint);
    failure.system_code = system_code;
    failure.retryable = is_passing(error, address, system_code);
    failure
}

/// Whether it may be otherwise in a moment. What nobody has started on this machine, and what speaks no HTTP or has
/// no valid certificate, stays so.
fn is_passing(error: &reqwest::Error, address: &Address, system_code: Option<&str>) -> bool {
    match system_code {
        Some("ECONNREFUSED") => !address.is_loopback(),
        Some(code) => !matches!(code, "EACCES" | "EADDRNOTAVAIL"),
        None => !(is_parse(error) || address.is_https() && error.is_connect()),
    }
}

/// No connection to the socket of this machine that takes the place of an address.
fn at_socket(error: &reqwest::Error, route: &Route) -> Option<Error> {
    let path = route.unix_socket.as_deref().filter(|_| error.is_connect())?.display();
    let system_code = system_code(error);
    let message = match system_code {
        Some("ENOENT") => format!("There is no unix socket {path}"),
        Some("ECONNREFUSED") => format!("Nothing listens at the unix socket {path} (connection refused)"),
        Some(code) => format!("No connection to the unix socket {path} ({code})"),
        None => format!("No connection to the unix socket {path}: {}", reason(error)),
    };
    let mut failure = Error::new(Code::Connection, message).hint("Start the server, or check `unixSocket`.");
    failure.system_code = system_code;
    failure.retryable = !matches!(system_code, Some("ENOENT" | "ECONNREFUSED" | "EACCES"));
    Some(failure)
}

/// The answer had begun.
pub(super) fn of_body(error: &reqwest::Error) -> Error {
    let system_code = system_code(error);
    let reason = match system_code {
        Some(code) => code.to_owned(),
        // hyper names the part of the body's framing that it missed.
        None if is_cut_off(error) => "the connection was closed before its end".to_owned(),
        None => reason(error),
    };
    let mut failure = Error::new(Code::Stream, format!("The answer broke off: {reason}"))
        .hint("What had arrived is in `partial`; the server's log may tell what happened.");
    failure.system_code = system_code;
    failure
}

fn is_cut_off(error: &reqwest::Error) -> bool {
    chain(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}

/// An error and its causes, the innermost last.
pub(super) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| match error.downcast_ref::<io::Error>() {
        // It gives the cause of what it holds as its own.
        Some(holder) if holder.get_ref().is_some() => {
            holder.get_ref().map(|held| held as &(dyn StdError + 'static))
        }
        _ => (*error).source(),
    })
}

pub(super) fn system_code(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    let io_errors = chain(error).filter_map(|error| error.downcast_ref::<io::Error>());
    let code = io_errors.filter_map(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => Some("ECONNREFUSED"),
        io::ErrorKind::ConnectionReset => Some("ECONNRESET"),
        io::ErrorKind::ConnectionAborted => Some("ECONNABORTED"),
        io::ErrorKind::BrokenPipe => Some("EPIPE"),
        io::ErrorKind::TimedOut => Some("ETIMEDOUT"),
        io::ErrorKind::HostUnreachable => Some("EHOSTUNREACH"),
        io::ErrorKind::NetworkUnreachable => Some("ENETUNREACH"),
        io::ErrorKind::AddrNotAvailable => Some("EADDRNOTAVAIL"),
        io::ErrorKind::PermissionDenied => Some("EACCES"),
        io::ErrorKind::NotFound => Some("ENOENT"),
        _ => None,
    });
    // The look-up of a name gives no code of its own.
    let is_lookup = || chain(error).any(|error| error.to_string().starts_with("dns error"));
    code.last().or_else(|| is_lookup().then_some("ENOTFOUND"))
}

/// The innermost cause in its own words: the outer ones only say that something failed.
fn reason(error: &(dyn StdError + 'static)) -> String {
    chain(error)
        .skip(1)
        .last()
        .map_or_else(|| "the request could not be sent".to_owned(), ToString::to_string)
}

fn hyper_error(error: &reqwest::Error) -> Option<&hyper::Error> {
    chain(error).find_map(|error| error.downcast_ref::<hyper::Error>())
}

fn is_head_too_large(error: &reqwest::Error) -> bool {
    // hyper tells this apart for servers only.
    is_parse(error)
        && hyper_error(error).is_some_and(|error| error.to_string() == "message head is too large")
}

fn is_parse(error: &reqwest::Error) -> bool {
    hyper_error(error).is_some_and(hyper::Error::is_parse)
}

/// The connection was closed before any byte of an answer.
pub(super) fn is_closed(error: &reqwest::Error) -> bool {
    let by_system = matches!(system_code(error), Some("ECONNRESET" | "EPIPE" | "ECONNABORTED"));
    let by_peer =
        |error: &hyper::Error| error.is_incomplete_message() || error.is_closed() || error.is_canceled();
    // TLS wants to be closed in its own words; programs that end do not say them.
    let by_tls = chain(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::UnexpectedEof);
    by_system || by_tls || hyper_error(error).is_some_and(by_peer)
}
