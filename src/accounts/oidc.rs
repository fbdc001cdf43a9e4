//! Signing in with an account elsewhere (OpenID Connect Core 1.0): the authorization code flow with PKCE (RFC 7636),
//! `state` and `nonce`.
//!
//! What belongs to one attempt ([`Attempt`]) waits in a cookie of the browser that began it; the server keeps nothing. An
//! account elsewhere is known by issuer and subject. It gets the account here that has its address only if the provider
//! has verified that address.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndUserName, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, LocalizedClaim, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
};
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::apple::SecretMaker;
use super::elsewhere::Elsewhere;
use super::proven::{self, Proven};
use super::{Language, User, store_sign_in};
use crate::App;
use crate::config::{Accounts, OidcProvider};
use crate::db::Ts;
use crate::error::Error;

/// How long somebody may take at the provider.
pub const ATTEMPT_S: i64 = 600;
/// What a provider says of itself, and its keys, are asked for again after this.
const METADATA_LIFETIME: Duration = Duration::from_secs(3600);

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The providers of the settings; cheap to clone.
#[derive(Clone)]
pub struct Providers {
    all: Arc<[Provider]>,
}

/// One of them.
pub struct Provider {
    /// The settings.
    pub config: OidcProvider,
    apple: Option<SecretMaker>,
    http: Elsewhere,
    metadata: Mutex<Option<(Instant, CoreProviderMetadata)>>,
}

/// What the browser keeps while its user is at the provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
    /// What the person came with.
    #[serde(flatten)]
    pub wish: Wish,
}

/// What somebody brings to the button of a provider.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Wish {
    /// Where on this site to go afterwards.
    pub next: Option<String>,
    /// For a new account.
    pub language: Option<Language>,
    /// For a new account: an IANA name.
    pub time_zone: Option<String>,
}

/// What the provider sent the browser back with.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Return {
    /// Which attempt it belongs to.
    pub state: Option<String>,
    /// What the provider's tokens are got with.
    pub code: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
    /// Apple's: who signed in, as JSON, the first time only.
    pub user: Option<String>,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The person said no.
    #[error("it was cancelled at the provider")]
    Cancelled,
    /// Not an answer to what this browser has asked.
    #[error("no such attempt of this browser")]
    State,
    /// The provider gave no address, or did not verify it.
    #[error("the provider has not verified an e-mail address")]
    EmailUnverified,
    /// There is no account, and people may not make one.
    #[error("no account, and sign-up is closed")]
    SignUpClosed,
    /// The provider is not there, or what it said does not hold.
    #[error("{0:#}")]
    Provider(anyhow::Error),
    /// Ours.
    #[error("{0}")]
    Here(Error),
}

impl Failure {
    /// For the login page: `oidc-` and this.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Failure::Cancelled => "cancelled",
            Failure::State => "state",
            Failure::EmailUnverified => "email-unverified",
            Failure::SignUpClosed => "sign-up-closed",
            Failure::Provider(_) | Failure::Here(_) => "failed",
        }
    }
}

/// Somebody as the provider knows them.
struct Person {
    subject: String,
    email: Option<String>,
    is_verified: bool,
    name: Option<String>,
}

impl Providers {
    /// Those of the settings. None of them is asked for anything yet: one that is away keeps nobody from starting.
    ///
    /// # Errors
    /// Apple's key cannot be read; no TLS on this machine.
    pub fn new(accounts: &Accounts) -> anyhow::Result<Providers> {
        let http = Elsewhere::new()?;
        let provider = |config: &OidcProvider| {
            let key = config.apple.as_ref();
            let apple = key.map(|key| SecretMaker::load(key, &config.client_id)).transpose();
            Ok(Provider {
                apple: apple.context("`accounts.oidc`")?,
                config: config.clone(),
                http: http.clone(),
                metadata: Mutex::default(),
            })
        };
        let all: anyhow::Result<Arc<[Provider]>> = accounts.oidc.iter().map(provider).collect();
        Ok(Providers { all: all? })
    }

    /// All, in the order of the settings.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.all.iter()
    }

    /// The one with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Provider> {
        self.iter().find(|provider| provider.config.id == id)
    }
}

impl Provider {
    /// Begins an attempt: where to send the browser, and what it has to keep. `callback` is where the provider sends it
    /// back to.
    ///
    /// # Errors
    /// The provider is not there.
    pub async fn start(&self, callback: String, wish: Wish) -> Result<(String, Attempt), Failure> {
        let client = self
            .client(callback, METADATA_LIFETIME)
            .await
            .map_err(Failure::Provider)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        if self.config.form_post {
            request = request.add_extra_param("response_mode", "form_post");
        }
        let (url, state, nonce) = request.url();
        let attempt = Attempt {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            wish,
        };
        Ok((url.into(), attempt))
    }

    /// Ends an attempt with what the browser came back with; gives the user. A new account begins in the language that
    /// was wished for, or in `language`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn finish(
        &self,
        app: &App,
        callback: String,
        attempt: Attempt,
        back: &Return,
        language: Language,
    ) -> Result<User, Failure> {
        let state = back.state.as_deref().unwrap_or_default();
        if !bool::from(state.as_bytes().ct_eq(attempt.state.as_bytes())) {
            return Err(Failure::State);
        }
        let code = match (&back.code, back.error.as_deref()) {
            (Some(code), None) => code.clone(),
            (_, Some("access_denied" | "user_cancelled_authorize" | "login_required")) => {
                return Err(Failure::Cancelled);
            }
            (_, error) => return Err(Failure::Provider(anyhow!("no code came back, but {error:?}"))),
        };
        let wish = attempt.wish.clone();
        let person = self.person(callback, attempt, code).await.map_err(Failure::Provider)?;
        let name = person
            .name
            .clone()
            .or_else(|| back.user.as_deref().and_then(apple_name));
        let wish = Wish {
            language: wish.language.or(Some(language)),
            ..wish
        };
        self.user_of(app, Person { name, ..person }, wish).await
    }

    /// The provider's tokens for the code, and what they say.
    async fn person(&self, callback: String, attempt: Attempt, code: String) -> anyhow::Result<Person> {
        let client = self.client(callback.clone(), METADATA_LIFETIME).await?;
        let tokens: CoreTokenResponse = client
            .exchange_code(AuthorizationCode::new(code))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier))
            .request_async(&self.http)
            .await
            .context("the code was not taken")?;
        let nonce = Nonce::new(attempt.nonce);
        let claims = match verified(&client, &tokens, &nonce) {
            // It may sign with keys that it did not have when we asked.
            Err(_) => verified(&self.client(callback, Duration::ZERO).await?, &tokens, &nonce)?,
            right => right?,
        };
        let mut person = Person {
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            is_verified: claims.email_verified() == Some(true),
            name: plain(claims.name()),
        };
        let asks_user_info = person.email.is_none() && client.user_info_url().is_some();
        if asks_user_info {
            let more: CoreUserInfoClaims = client
                .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))?
                .request_async(&self.http)
                .await
                .context("the user's claims could not be read")?;
            person.email = more.email().map(|email| email.to_string());
            person.is_verified = more.email_verified() == Some(true);
            person.name = person.name.or_else(|| plain(more.name()));
        }
        Ok(person)
    }

    /// The account of a person: the one that they have used before, or the one with their address, or a new one.
    async fn user_of(&self, app: &App, person: Person, wish: Wish) -> Result<User, Failure> {
        let issuer = &self.config.issuer;
        let here = |error: sqlx::Error| Failure::Here(error.into());
        let known = store_sign_in::user_by_identity(&app.db, issuer, &person.subject).await;
        if let Some(user) = known.map_err(here)? {
            return Ok(user);
        }
        let is_verified = person.is_verified || self.config.trust_email;
        let email = person.email.filter(|_| is_verified).ok_or(Failure::EmailUnverified)?;
        let who = Proven {
            email,
            name: person.name,
            language: wish.language.unwrap_or(Language::En),
            time_zone: wish.time_zone,
        };
        let mut tx = app.db.begin().await.map_err(here)?;
        let user = proven::account_of(app, &mut tx, &who)
            .await
            .map_err(|error| match error {
                Error::Refused {
                    code: "sign-up-closed", ..
                } => Failure::SignUpClosed,
                error => Failure::Here(error),
            })?;
        store_sign_in::insert_identity(&mut tx, issuer, &person.subject, user.id, Ts::now())
            .await
            .map_err(here)?;
        tx.commit().await.map_err(here)?;
        tracing::info!(user = %user.id, provider = self.config.id, "account elsewhere linked");
        Ok(user)
    }

    /// A client that knows the provider from at most `max_age` ago.
    async fn client(&self, callback: String, max_age: Duration) -> anyhow::Result<Client> {
        let metadata = self.metadata(max_age).await?;
        let secret = match &self.apple {
            Some(apple) => Some(apple.make(Ts::now())?),
            None => Some(self.config.client_secret.expose_secret())
                .filter(|secret| !secret.is_empty())
                .map(|secret| ClientSecret::new(secret.to_owned())),
        };
        let id = ClientId::new(self.config.client_id.clone());
        let client = CoreClient::from_provider_metadata(metadata, id, secret);
        let client = if self.apple.is_some() {
            client.set_auth_type(AuthType::RequestBody) // the only way that Apple takes
        } else {
            client
        };
        Ok(client.set_redirect_uri(RedirectUrl::new(callback)?))
    }

    async fn metadata(&self, max_age: Duration) -> anyhow::Result<CoreProviderMetadata> {
        let known = self.metadata.lock().clone();
        if let Some((asked_at, metadata)) = known
            && asked_at.elapsed() < max_age
        {
            return Ok(metadata);
        }
        let issuer = IssuerUrl::new(self.config.issuer.clone())?;
        let found = CoreProviderMetadata::discover_async(issuer, &self.http).await;
        let metadata = found.with_context(|| format!("{} does not say who it is", self.config.issuer))?;
        *self.metadata.lock() = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }
}

/// The claims of the ID token, if it is signed by the provider, for us, now, and for this attempt; and if the access token
/// beside it is the one that it speaks of.
fn verified(client: &Client, tokens: &CoreTokenResponse, nonce: &Nonce) -> anyhow::Result<CoreIdTokenClaims> {
    let token = tokens.id_token().context("no ID token came")?;
    let verifier = client.id_token_verifier();
    let claims = token.claims(&verifier, nonce)?.clone();
    if let Some(want) = claims.access_token_hash() {
        let key = token.signing_key(&verifier)?;
        let is = AccessTokenHash::from_token(tokens.access_token(), token.signing_alg()?, key)?;
        anyhow::ensure!(is == *want, "the access token is not the one of the ID token");
    }
    Ok(claims)
}

/// A claim in the provider's own language.
fn plain(claim: Option<&LocalizedClaim<EndUserName>>) -> Option<String> {
    let (_, value) = claim?.iter().next()?;
    Some(value.to_string())
}

/// `{"name": {"firstName": "Ann", "lastName": "Smith"}}`
fn apple_name(user: &str) -> Option<String> {
    let user: serde_json::Value = serde_json::from_str(user).ok()?;
    let part = |key: &str| user["name"][key].as_str().unwrap_or_default().trim().to_owned();
    let name = format!("{} {}", part("firstName"), part("lastName"));
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
