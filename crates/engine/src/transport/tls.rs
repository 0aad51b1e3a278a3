//! Whom a connection believes. The rest of TLS is rustls's own.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    sign::SingleCertAndKey,
};
use rustls_platform_verifier::Verifier;

use crate::{
    endpoint::{Tls, TrustedCertificate},
    error::{Code, Error, Result},
};

/// Reads the system's certificates, and the file of the environment's.
pub(super) fn config(tls: &Tls) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier(tls, provider)?);
    let mut config = match &tls.identity {
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.0.clone())))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(tls: &Tls, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
    let algorithms = provider.signature_verification_algorithms;
    if tls.is_insecure {
        return Ok(Arc::new(Believing(algorithms)));
    }
    let mut trusted = tls.trusted.clone();
    trusted.extend(tls.trusted_file.as_deref().map(read).transpose()?.unwrap_or_default());
    let now = UnixTime::now();
    let authorities = trusted.iter().filter(|given| given.signs_at(now)).map(|given| given.der.clone());
    let authorities = match Verifier::new_with_extra_roots(authorities, provider) {
        Ok(verifier) => Some(verifier),
        // No authority is known at all, as in a small container: what was given may still be a server's own.
        Err(rustls::Error::General(_)) if !trusted.is_empty() => None,
        Err(error) => return Err(unusable(&error)),
    };
    Ok(Arc::new(Checking { authorities, trusted, algorithms }))
}

fn read(file: &str) -> Result<Vec<TrustedCertificate>> {
    let wrong = |why: &str| {
        Error::configuration(format!("NODE_EXTRA_CA_CERTS names {file:?}: {why}"))
            .hint("Correct the environment variable, or unset it.")
    };
    let pem = std::fs::read(file).map_err(|error| wrong(&format!("it cannot be read ({error})")))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(&format!("it is no PEM ({error})")))?;
    if found.is_empty() {
        return Err(wrong("it holds no certificate in PEM form"));
    }
    let trusted = found.into_iter().map(TrustedCertificate::read).collect::<Result<_, _>>();
    trusted.map_err(|error| wrong(&format!("one of its certificates cannot be read ({error})")))
}

fn unusable(error: &rustls::Error) -> Error {
    Error::new(Code::Connection, format!("TLS could not be set up: {error}"))
}

/// As the system does it; and a certificate that the caller gave is believed as the server's own, too, even where the
/// system would not believe it of a server: `openssl req -x509` makes an authority's certificate.
#[derive(Debug)]
struct Checking {
    authorities: Option<Verifier>,
    trusted: Vec<TrustedCertificate>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Checking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(own) = self.trusted.iter().find(|given| given.der == *end_entity) {
            return own.verify_own(server_name, now).map(|()| ServerCertVerified::assertion());
        }
        let authorities = self.authorities.as_ref().ok_or(CertificateError::UnknownIssuer)?;
        authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Believes every certificate: the caller asked for it. Nor is it looked at what its key signs: anybody on the way
/// could show one of their own, and a certificate of version 1 could not be read.
#[derive(Debug)]
struct Believing(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Believing {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
