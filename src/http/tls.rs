//! HTTPS by this server itself: with certificates in files, read again when they change, or with certificates that it
//! gets and renews (ACME, RFC 8555, by the TLS-ALPN challenge of RFC 8737 on the same port).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum_server::tls_rustls::RustlsConfig;
use futures_util::StreamExt;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_acme::AcmeConfig;
use rustls_acme::caches::DirCache;
use tokio_util::sync::CancellationToken;

use crate::config;

/// How often files are looked at. They change every few weeks; whoever changes them expects it to be noticed soon.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Offered to clients, the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// What an ACME server asks for when it checks that a name is ours (RFC 8737 section 6.2).
const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";

/// HTTPS that is ready, and the work that keeps it so until the server stops; nothing when the settings do not ask for it.
///
/// # Errors
/// A file cannot be read or does not fit, with the setting to look at.
pub fn start(tls: &config::Tls, data: &Path, shutdown: CancellationToken) -> Result<Option<RustlsConfig>> {
    if !tls.acme_domains.is_empty() {
        return acme(tls, data, shutdown).map(Some);
    }
    if !tls.is_on() {
        return Ok(None);
    }
    let files = Files {
        certificate: tls.certificate.clone(),
        key: tls.key.clone(),
    };
    let (seen, config) = files.read().context("`tls.certificate` and `tls.key`")?;
    let served = RustlsConfig::from_config(Arc::new(config));
    tokio::spawn(files.watch(seen, served.clone(), shutdown));
    Ok(Some(served))
}

/// A certificate and its key.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What was read; compared, so that a change is seen however it was made.
type Contents = (Vec<u8>, Vec<u8>);

impl Files {
    fn contents(&self) -> Result<Contents> {
        let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        Ok((read(&self.certificate)?, read(&self.key)?))
    }

    fn read(&self) -> Result<(Contents, ServerConfig)> {
        let contents = self.contents()?;
        let config = server_config(&contents)?;
        Ok((contents, config))
    }

    /// Takes new files up as soon as they fit together; until then the old ones serve.
    async fn watch(self, mut seen: Contents, served: RustlsConfig, shutdown: CancellationToken) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        let mut complained = None;
        while shutdown.run_until_cancelled(tick.tick()).await.is_some() {
            let now = self.contents().unwrap_or_default();
            if now == seen || complained.as_ref() == Some(&now) {
                continue;
            }
            match server_config(&now) {
                Ok(config) => {
                    served.reload_from_config(Arc::new(config));
                    tracing::info!("a new certificate is served");
                    seen = now;
                }
                Err(error) => {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "the new certificate does not fit; the old one serves"
                    );
                    complained = Some(now);
                }
            }
        }
    }
}

fn server_config((certificates, key): &Contents) -> Result<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>();
    let chain = chain.context("the certificate is no PEM file")?;
    let key = PrivateKeyDer::from_pem_slice(key).context("the key is no PEM file")?;
    let key = CertifiedKey::from_der(chain, key, &provider()).context("the key does not belong to the certificate")?;
    Ok(serving(Arc::new(rustls::sign::SingleCertAndKey::from(key)), &PROTOCOLS))
}

/// Certificates that are got and renewed, and kept in the data folder.
fn acme(tls: &config::Tls, data: &Path, shutdown: CancellationToken) -> Result<RustlsConfig> {
    let mut acme = AcmeConfig::new(&tls.acme_domains);
    if !tls.acme_root.as_os_str().is_empty() {
        acme = acme.client_tls_config(Arc::new(believing(&tls.acme_root).context("`tls.acme_root`")?));
    }
    let contact = Some(&tls.acme_email).filter(|email| !email.is_empty());
    let mut state = acme
        .contact(contact.map(|email| format!("mailto:{email}")))
        .cache(DirCache::new(data.join("certificates")))
        .directory(&tls.acme_directory)
        .state();
    let protocols = [PROTOCOLS[0], PROTOCOLS[1], CHALLENGE_PROTOCOL];
    let config = serving(state.resolver(), &protocols);
    tokio::spawn(async move {
        while let Some(Some(happened)) = shutdown.run_until_cancelled(state.next()).await {
            match happened {
                Ok(event) => tracing::info!(?event, "certificate"),
                Err(error) => {
                    tracing::warn!(
                        error = format!("{error:?}"),
                        "no certificate could be got; it is tried again"
                    );
                }
            }
        }
    });
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

/// A client that believes the root in `file` and no other.
fn believing(file: &Path) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).with_context(|| format!("cannot read {}", file.display()))? {
        roots.add(certificate?)?;
    }
    anyhow::ensure!(!roots.is_empty(), "{} holds no certificate", file.display());
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn serving(certificates: Arc<dyn ResolvesServerCert>, protocols: &[&[u8]]) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the provider has TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
