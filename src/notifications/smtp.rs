//! Handing one mail to an SMTP server (RFC 5321), so that it is known at each moment whether the mail may have gone out.
//!
//! Everything up to the server's "go ahead" (354) can be repeated. Then, before the mail's text is sent, the job is
//! marked as begun; from there on only a refusal by the server tells for sure that nothing was taken. A server that
//! dies after it, or a line that breaks before the answer, leaves a mail of which nobody knows: it is not sent again.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::config::{self, MailTls};
use crate::jobs::{Failure, Work};

/// Longest time for one step: RFC 5321 section 4.5.3.2 wants five minutes for most; a server that needs one is broken.
const STEP: Duration = Duration::from_secs(60);
/// Longest time until the server says that it has taken a mail (section 4.5.3.2.6: ten minutes).
const TAKE: Duration = Duration::from_secs(600);
/// A line that was idle for longer is not used again.
const IDLE: Duration = Duration::from_secs(20);
/// Lines that are kept open.
const MOST_IDLE: usize = 8;

/// A mail server, with the lines to it that are open.
pub(super) struct Smtp {
    host: String,
    port: u16,
    tls: MailTls,
    root: PathBuf,
    login: Option<Credentials>,
    idle: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
}

impl Smtp {
    /// The server of the settings; `None`: there is none.
    #[must_use]
    pub(super) fn new(config: &config::Mail) -> Option<Smtp> {
        let login = (!config.user.is_empty())
            .then(|| Credentials::new(config.user.clone(), config.password.expose_secret().to_owned()));
        Some(Smtp {
            host: config.host.clone()?,
            port: config.port,
            tls: config.tls,
            root: config.root.clone(),
            login,
            idle: Mutex::default(),
        })
    }

    /// Sends `mail`, a whole message, at most once.
    ///
    /// # Errors
    /// Whether it may be tried again.
    pub(super) async fn send(&self, work: &Work, from: &Address, to: &Address, mail: &[u8]) -> Result<(), Failure> {
        let mut line = self.line().await.map_err(Failure::Again)?;
        self.address(&mut line, from, to, mail).await?;
        if let Err(lost) = work.begin().await {
            line.abort().await; // the server throws away a mail without an end
            return Err(lost);
        }
        match timeout(TAKE, line.message(mail)).await {
            Ok(Ok(_)) => {
                self.keep(line);
                Ok(())
            }
            Ok(Err(error)) if error.status().is_some() => {
                let is_final = error.is_permanent();
                work.take_back().await?;
                let error = anyhow::Error::new(error).context("the mail server refused the mail");
                Err(if is_final {
                    Failure::Hopeless(error)
                } else {
                    Failure::Again(error)
                })
            }
            Ok(Err(error)) => Err(Failure::Unsure(error.into())),
            Err(late) => Err(Failure::Unsure(late.into())),
        }
    }

    /// Sender and recipient, up to the "go ahead" for the text.
    async fn address(
        &self,
        line: &mut AsyncSmtpConnection,
        from: &Address,
        to: &Address,
        mail: &[u8],
    ) -> Result<(), Failure> {
        let mut parameters = Vec::new();
        if !mail.is_ascii() && line.server_info().supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let sender = timeout(STEP, line.command(Mail::new(Some(from.clone()), parameters))).await;
        flat(sender)
            .context("the mail server refused the sender")
            .map_err(Failure::Again)?;
        let recipient = timeout(STEP, line.command(Rcpt::new(to.clone(), Vec::new()))).await;
        if let Ok(Err(error)) = &recipient
            && error.is_permanent()
        {
            let error = anyhow::anyhow!("the mail server does not know the recipient: {error}");
            line.abort().await;
            return Err(Failure::Hopeless(error));
        }
        flat(recipient)
            .context("the mail server refused the recipient")
            .map_err(Failure::Again)?;
        let go_ahead = timeout(STEP, line.command(Data)).await;
        flat(go_ahead)
            .context("the mail server wants no mail now")
            .map_err(Failure::Again)
    }

    /// An open line: one that was used before, or a new one.
    async fn line(&self) -> anyhow::Result<AsyncSmtpConnection> {
        while let Some((since, mut line)) = self.take_idle() {
            if since.elapsed() < IDLE && timeout(STEP, line.test_connected()).await == Ok(true) {
                return Ok(line);
            }
        }
        self.open()
            .await
            .with_context(|| format!("no line to the mail server {}:{}", self.host, self.port))
    }

    async fn open(&self) -> anyhow::Result<AsyncSmtpConnection> {
        let name = ClientId::default();
        let from_start = match self.tls {
            MailTls::Tls => Some(self.trust().await?),
            MailTls::StartTls | MailTls::Off => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut line = AsyncSmtpConnection::connect_tokio1(address, Some(STEP), &name, from_start, None).await?;
        if self.tls == MailTls::StartTls {
            flat(timeout(STEP, line.starttls(self.trust().await?, &name)).await)?;
        }
        if let Some(login) = &self.login {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            flat(timeout(STEP, line.auth(&mechanisms, login)).await).context("it refused `mail.user`")?;
        }
        Ok(line)
    }

    /// Whose certificates are believed.
    async fn trust(&self) -> anyhow::Result<TlsParameters> {
        let mut trust = TlsParameters::builder(self.host.clone());
        if !self.root.as_os_str().is_empty() {
            let reading = tokio::fs::read(&self.root).await;
            let pem = reading.with_context(|| format!("cannot read {} (`mail.root`)", self.root.display()))?;
            trust = trust
                .certificate_store(CertificateStore::None)
                .add_root_certificate(Certificate::from_pem(&pem)?);
        }
        Ok(trust.build()?)
    }

    fn take_idle(&self) -> Option<(Instant, AsyncSmtpConnection)> {
        self.idle.lock().pop()
    }

    fn keep(&self, line: AsyncSmtpConnection) {
        let mut idle = self.idle.lock();
        if idle.len() < MOST_IDLE {
            idle.push((Instant::now(), line));
        }
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Smtp({}:{})", self.host, self.port)
    }
}

/// One error for what failed and what took too long.
fn flat<T, E: Into<anyhow::Error>>(result: Result<Result<T, E>, tokio::time::error::Elapsed>) -> anyhow::Result<()> {
    match result {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.into()),
        Err(late) => Err(late.into()),
    }
}
