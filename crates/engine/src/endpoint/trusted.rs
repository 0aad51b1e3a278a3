use std::ops::RangeInclusive;

use rustls::{
    CertificateError,
    client::verify_server_name,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use x509_cert::{
    certificate::{CertificateInner, Raw},
    der::{Decode, oid::ObjectIdentifier},
    ext::pkix::{BasicConstraints, ExtendedKeyUsage},
};

/// RFC 5280, section 4.2.1.12.
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

/// A certificate that is believed because it was given: as a server's own, and as an authority's if it is one.
#[derive(Debug, Clone, PartialEq)]
pub struct TrustedCertificate {
    pub der: CertificateDer<'static>,
    is_authority: bool,
    /// Or for anything.
    is_for_servers: bool,
    /// In seconds since 1970.
    valid: RangeInclusive<u64>,
}

impl TrustedCertificate {
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(der: CertificateDer<'static>) -> Result<Self, String> {
        // Serial numbers that break the rules are common, and nothing here depends on them.
        let parsed = CertificateInner::<Raw>::from_der(&der).map_err(|error| error.to_string())?;
        let body = parsed.tbs_certificate();
        let constraints = body.get_extension::<BasicConstraints>().map_err(|error| error.to_string())?;
        let is_authority = constraints.is_some_and(|(_, constraints)| constraints.ca);
        if is_authority {
            webpki::anchor_from_trusted_cert(&der).map_err(|error| error.to_string())?;
        }
        let purposes = body.get_extension::<ExtendedKeyUsage>().map_err(|error| error.to_string())?;
        let is_for_servers = purposes.is_none_or(|(_, purposes)| purposes.0.contains(&SERVER_AUTH));
        let [from, to] = [body.validity().not_before, body.validity().not_after]
            .map(|time| time.to_unix_duration().as_secs());
        Ok(Self { is_authority, is_for_servers, valid: from..=to, der })
    }

    /// Whether what it has signed is believed.
    #[must_use]
    pub fn signs_at(&self, now: UnixTime) -> bool {
        self.is_authority && self.valid.contains(&now.as_secs())
    }

    /// Checks it as the own certificate of the server `name`.
    ///
    /// # Errors
    /// Its dates, its purposes or its names forbid it.
    pub fn verify_own(&self, name: &ServerName<'_>, now: UnixTime) -> Result<(), rustls::Error> {
        if now.as_secs() < *self.valid.start() {
            return Err(CertificateError::NotValidYet.into());
        }
        if now.as_secs() > *self.valid.end() {
            return Err(CertificateError::Expired.into());
        }
        if !self.is_for_servers {
            return Err(CertificateError::InvalidPurpose.into());
        }
        verify_server_name(&ParsedCertificate::try_from(&self.der)?, name)
    }
}
