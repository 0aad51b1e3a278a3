use std::{fmt, sync::Arc};

use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::TrustedCertificate;
use crate::error::{Error, Result};

/// What the caller says of TLS, as `lib/` hands it over. All are PEM.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct TlsConfig {
    pub ca: Option<String>,
    pub cert: Option<String>,
    pub key: Option<SecretString>,
    pub insecure: bool,
}

/// Whom to believe, and who is asking.
#[derive(Debug, Clone, PartialEq)]
pub struct Tls {
    /// Certificates that are believed beside the system's.
    pub trusted: Vec<TrustedCertificate>,
    /// A file with more of them, from `NODE_EXTRA_CA_CERTS`.
    pub trusted_file: Option<String>,
    pub identity: Option<Identity>,
    /// Every certificate is believed.
    pub is_insecure: bool,
}

/// A certificate of the caller's, with its private key.
#[derive(Clone)]
pub struct Identity(pub Arc<CertifiedKey>);

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Identity")
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        // The key belongs to the certificate: that has been checked.
        self.0.cert == other.0.cert
    }
}

impl Tls {
    pub(super) fn new(config: &TlsConfig, trusted_file: Option<String>) -> Result<Self> {
        let given = config.ca.as_deref().map(|pem| certificates("tls.ca", pem)).transpose()?;
        let trusted = given.unwrap_or_default().into_iter().map(TrustedCertificate::read);
        let trusted = trusted.collect::<Result<_, _>>().map_err(|why| unreadable("tls.ca", &why))?;
        let identity = match (&config.cert, &config.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(Identity::new(certificate, key.expose_secret())?),
            (certificate, _) => {
                let (given, missing) = if certificate.is_some() { ("cert", "key") } else { ("key", "cert") };
                return Err(Error::configuration(format!("`tls.{given}` is given without `tls.{missing}`"))
                    .hint("Give both: the certificate and the private key that belongs to it."));
            }
        };
        Ok(Self { trusted, trusted_file, identity, is_insecure: config.insecure })
    }
}

impl Identity {
    fn new(certificate: &str, key: &str) -> Result<Self> {
        let chain = certificates("tls.cert", certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| {
            let is_locked = key.contains("ENCRYPTED");
            Error::configuration(if is_locked {
                "`tls.key` is encrypted with a passphrase"
            } else {
                "`tls.key` holds no private key in PEM form"
            })
            .hint(if is_locked {
                "Decrypt it first, with `openssl pkey -in key.pem -out plain.pem`."
            } else {
                "It begins with '-----BEGIN PRIVATE KEY-----'; give its text, not the name of its file."
            })
        })?;
        match CertifiedKey::from_der(chain, key, &ring::default_provider()) {
            Ok(certified) => Ok(Self(Arc::new(certified))),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(Error::configuration("`tls.key` does not belong to the first certificate of `tls.cert`")
                    .hint("Give the key that the certificate was made for, and its own certificate first."))
            }
            Err(rustls::Error::InvalidCertificate(error)) => Err(unreadable("tls.cert", &error.to_string())),
            Err(error) => Err(unreadable("tls.key", &error.to_string())),
        }
    }
}

/// All certificates in `pem`. `origin` is a field of the configuration.
fn certificates(origin: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(origin, &error.to_string()))?;
    if found.is_empty() {
        return Err(Error::configuration(format!("`{origin}` holds no certificate in PEM form"))
            .hint("It begins with '-----BEGIN CERTIFICATE-----'; give its text, not the name of its file."));
    }
    Ok(found)
}

fn unreadable(origin: &str, why: &str) -> Error {
    Error::configuration(format!("`{origin}` cannot be read: {why}"))
        .hint("Check that the file is whole, and in PEM form.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(config: &str) -> String {
        let config: TlsConfig = serde_json::from_str(config).unwrap();
        let error = Tls::new(&config, None).unwrap_err();
        assert_eq!(error.code, crate::error::Code::Configuration);
        format!("{} {}", error.message, error.hint.as_deref().unwrap())
    }

    #[test]
    fn what_is_no_certificate_and_no_key_is_told() {
        for (config, words) in [
            (r#"{"ca":""}"#, "`tls.ca` holds no certificate in PEM form"),
            (r#"{"ca":"/etc/ssl/ca.pem"}"#, "not the name of its file"),
            (
                r#"{"ca":"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"}"#,
                "`tls.ca` cannot be read",
            ),
            (
                r#"{"ca":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}"#,
                "`tls.ca` cannot be read",
            ),
            (r#"{"ca":"-----BEGIN CERTIFICATE-----\nAAAA"}"#, "`tls.ca` cannot be read"),
            (r#"{"cert":"x"}"#, "`tls.cert` is given without `tls.key`"),
            (r#"{"key":"x"}"#, "`tls.key` is given without `tls.cert`"),
            (r#"{"cert":"x","key":"y"}"#, "`tls.cert` holds no certificate"),
            (
                r#"{"cert":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----","key":"y"}"#,
                "`tls.key` holds no private key",
            ),
            (
                r#"{"cert":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----","key":"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"}"#,
                "Decrypt it first",
            ),
            (
                r#"{"cert":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----","key":"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}"#,
                "`tls.key` cannot be read",
            ),
        ] {
            let said = mistake(config);
            assert!(said.contains(words), "{config}: {said}");
        }
    }
}
