//! What rustls's errors mean, and what to do about them.

use rustls::{AlertDescription, CertificateError, InvalidMessage, OtherError};

use super::failure::chain;
use crate::error::{Code, Error};

/// The failure of a handshake with `peer`, if it is one.
pub(super) fn failure(error: &reqwest::Error, peer: &str) -> Option<Error> {
    let cause = chain(error).find_map(|error| error.downcast_ref::<rustls::Error>())?;
    let (message, hint) = words(cause, peer);
    let mut failure = Error::new(Code::Connection, message).hint(hint);
    // It would be the same certificate again.
    failure.retryable = false;
    Some(failure)
}

fn words(cause: &rustls::Error, peer: &str) -> (String, &'static str) {
    use AlertDescription as Alert;
    use CertificateError as Certificate;
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage as Garbled};

    match cause {
        InvalidCertificate(Certificate::UnknownIssuer) => (unknown(peer), UNKNOWN),
        cause if is_of_webpki(cause, &webpki::Error::CaUsedAsEndEntity) => (unknown(peer), UNKNOWN),
        cause if is_of_webpki(cause, &webpki::Error::UnsupportedCertVersion) => (
            format!("The certificate of {peer} is of X.509 version 1, which names no machine"),
            "Give the server a certificate of version 3.",
        ),
        InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => (
            format!("The certificate of {peer} has expired"),
            "The server needs a new one. If it is valid, the clock of this machine is wrong.",
        ),
        InvalidCertificate(Certificate::NotValidYet | Certificate::NotValidYetContext { .. }) => (
            format!("The certificate of {peer} is not valid yet"),
            "Check the clock of this machine, and the server's certificate.",
        ),
        InvalidCertificate(Certificate::NotValidForName) => (
            format!("The certificate of {peer} is for another name"),
            "Use a name that the certificate is for, or give the server one for this name.",
        ),
        InvalidCertificate(Certificate::NotValidForNameContext { presented, .. }) => {
            // `DnsName("box.example")`, as webpki writes it.
            let names: Vec<_> = presented.iter().map(|name| name.split('"').nth(1).unwrap_or(name)).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            (
                format!("The certificate of {peer} is for another name: {names}"),
                "Use a name that the certificate is for, or give the server one for this name.",
            )
        }
        InvalidCertificate(Certificate::InvalidPurpose) => (
            format!("The certificate of {peer} is not for servers (extendedKeyUsage)"),
            "Give the server a certificate that may be used for serverAuth.",
        ),
        InvalidCertificate(reason) => (
            format!("The certificate of {peer} is not believed: {reason}"),
            "Look at the server's certificate.",
        ),
        AlertReceived(Alert::CertificateRequired) => {
            (format!("{peer} wants a certificate of its clients"), "Give yours as `tls.cert` and `tls.key`.")
        }
        AlertReceived(
            alert @ (Alert::HandshakeFailure
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateUnknown
            | Alert::CertificateExpired
            | Alert::UnsupportedCertificate
            | Alert::AccessDenied),
        ) => (
            format!("{peer} refuses the TLS connection: {alert:?}"),
            "If it wants a certificate of its clients, give the one that it knows as `tls.cert` and `tls.key`.",
        ),
        Garbled(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => (
            format!("What listens at {peer} does not speak TLS"),
            "If the server speaks plain HTTP, write http:// instead.",
        ),
        reason => (
            format!("No secure connection to {peer}: {reason}"),
            "Check that the server speaks TLS 1.2 or 1.3 at this port; if it speaks plain HTTP, write http:// instead.",
        ),
    }
}

/// Whether it is a failure that rustls hands on from webpki without a word of its own.
fn is_of_webpki(error: &rustls::Error, expected: &webpki::Error) -> bool {
    let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else {
        return false;
    };
    cause.downcast_ref() == Some(expected)
}

fn unknown(peer: &str) -> String {
    format!("The certificate of {peer} is signed by nobody who is known here")
}

const UNKNOWN: &str = "If you trust the server, give its certificate, or that of its authority, as `tls.ca`, or name \
                       a file of it in NODE_EXTRA_CA_CERTS. An authority's that has expired does not count.";
