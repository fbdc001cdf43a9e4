//! Bearer tokens of a site that embeds this one: JSON Web Tokens (RFC 7519) in which it says who its user is.
//!
//! They are signed with a secret that both share (HS256), or with the site's own keys, which it publishes as a JWK set
//! (RFC 7517). Such a set is kept for an hour, and asked for again when a token names a key that is not in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::elsewhere::Elsewhere;
use super::limits::Keyed;
use super::proven::{self, Proven};
use super::{Language, Role, Tier, User, admin, store, store_sign_in};
use crate::App;
use crate::config::Embedding;
use crate::db::Ts;
use crate::error::{Error, Result};

/// The keys are asked for again after this.
const KEYS_LIFETIME: Duration = Duration::from_secs(3600);
/// Tokens that name unknown keys, which anybody can send, make us ask for the keys so many times at once…
const EARLY_BURST: u32 = 3;
/// …and then once for each of these.
const EARLY_PERIOD: Duration = Duration::from_secs(30);
/// How far clocks may differ.
const LEEWAY_S: u32 = 60;
/// Most keys of a set.
const MOST_KEYS: usize = 32;

/// Signatures by key pairs. With a published set of keys, a token never chooses a shared secret.
const BY_KEY_PAIR: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What checks the tokens of the settings' issuer; cheap to clone.
#[derive(Clone)]
pub struct OutsideTokens(Arc<Inner>);

struct Inner {
    config: Embedding,
    keys: Keys,
}

enum Keys {
    Shared(DecodingKey),
    Published {
        url: Url,
        http: Elsewhere,
        kept: Mutex<Option<(Instant, Arc<Vec<Jwk>>)>>,
        early: Keyed<()>,
    },
}

/// What such a token says.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970, whole ones or not (RFC 7519 section 2).
    exp: f64,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    name: Option<String>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Claims {
    /// The last moment at which it holds.
    fn until(&self) -> Ts {
        let end = SignedDuration::try_from_secs_f64(self.exp).and_then(Timestamp::from_duration);
        Ts::from(end.unwrap_or(Timestamp::MAX)).plus_s(LEEWAY_S.into())
    }
}

impl OutsideTokens {
    /// What the settings ask for; nothing when they name no issuer.
    ///
    /// # Errors
    /// No TLS on this machine.
    pub fn new(config: &Embedding) -> anyhow::Result<Option<OutsideTokens>> {
        if config.issuer.is_empty() {
            return Ok(None);
        }
        let keys = match &config.jwks_url {
            Some(url) => Keys::Published {
                url: url.clone(),
                http: Elsewhere::new()?,
                kept: Mutex::default(),
                early: Keyed::new(EARLY_BURST, EARLY_PERIOD),
            },
            None => Keys::Shared(DecodingKey::from_secret(config.hs256_secret.expose_secret().as_bytes())),
        };
        let config = config.clone();
        Ok(Some(OutsideTokens(Arc::new(Inner { config, keys }))))
    }

    /// Whether a bearer token may be one of these: media tokens and stream keys have no dots.
    #[must_use]
    pub fn looks_like_one(token: &str) -> bool {
        token.split('.').count() == 3
    }

    /// The user that `token` speaks of, made at the first time; they get the rights that it gives. And until when it holds.
    ///
    /// # Errors
    /// 401 for a token that does not hold; 403 for somebody new where people may not sign up.
    pub async fn sign_in(&self, app: &App, token: &str) -> Result<(User, Ts)> {
        let claims = self.0.claims(token).await.map_err(|error| {
            tracing::debug!(error = format!("{error:#}"), "outside token refused");
            Error::Unauthenticated("the token is not valid")
        })?;
        let user = self.account(app, &claims).await?;
        let config = &self.0.config;
        let role = granted(
            &claims.more,
            &config.role_claim,
            config.roles.iter().map(|one| (&one.value, one.role)),
        );
        let tier = granted(
            &claims.more,
            &config.tier_claim,
            config.tiers.iter().map(|one| (&one.value, one.tier)),
        );
        let role = (!config.roles.is_empty()).then(|| role.unwrap_or(Role::Viewer));
        let tier = (!config.tiers.is_empty()).then(|| tier.unwrap_or(Tier::Free));
        let is_same = role.is_none_or(|role| role == user.role) && tier.is_none_or(|tier| tier == user.tier);
        if is_same || user.role == Role::Admin {
            return Ok((user, claims.until())); // admins are made here, and unmade here
        }
        let user = admin::change_rights(&app.db, None, user.id, role, tier).await?;
        Ok((user, claims.until()))
    }

    /// The account of the token's subject. One that is here already under the same address is theirs only if the issuer
    /// has verified the address.
    async fn account(&self, app: &App, claims: &Claims) -> Result<User> {
        let config = &self.0.config;
        if let Some(user) = store_sign_in::user_by_identity(&app.db, &config.issuer, &claims.sub).await? {
            return Ok(user);
        }
        let mut tx = app.db.begin().await?;
        let verified = claims
            .email
            .clone()
            .filter(|_| claims.email_verified || config.trust_email);
        let user = match verified {
            Some(email) => {
                let who = Proven {
                    email,
                    name: claims.name.clone(),
                    language: Language::En,
                    time_zone: None,
                };
                proven::account_of(app, &mut tx, &who).await?
            }
            None if app.settings.now().accounts.sign_up => {
                let name = claims.name.as_deref().unwrap_or("Guest");
                let user = User::new(name, "", Role::Viewer);
                let user = User {
                    email: format!("{}@embedded.invalid", user.id), // it has no mailbox that we know of
                    ..user
                };
                store::insert_user_if_new(&mut tx, &user).await?;
                user
            }
            None => return Err(proven::sign_up_closed()),
        };
        let is_first = store_sign_in::insert_identity(&mut tx, &config.issuer, &claims.sub, user.id, Ts::now()).await?;
        if !is_first {
            drop(tx); // another request of the same user was faster
            let user = store_sign_in::user_by_identity(&app.db, &config.issuer, &claims.sub).await?;
            return user.ok_or(Error::NotFound("user"));
        }
        tx.commit().await?;
        tracing::info!(user = %user.id, "user of an embedding site linked");
        Ok(user)
    }
}

impl Inner {
    async fn claims(&self, token: &str) -> anyhow::Result<Claims> {
        let header = decode_header(token)?;
        let (key, algorithm) = match &self.keys {
            Keys::Shared(key) => (key.clone(), Algorithm::HS256),
            Keys::Published { .. } => {
                ensure!(
                    BY_KEY_PAIR.contains(&header.alg),
                    "{:?} is no signature by a key pair",
                    header.alg
                );
                let key = self.published_key(header.kid.as_deref()).await?;
                (DecodingKey::from_jwk(&key)?, header.alg)
            }
        };
        let mut rules = Validation::new(algorithm);
        rules.set_audience(&[&self.config.audience]);
        rules.set_issuer(&[&self.config.issuer]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        rules.validate_nbf = true;
        rules.leeway = LEEWAY_S.into();
        let claims = decode::<Claims>(token, &key, &rules)?.claims;
        ensure!(
            (1..=255).contains(&claims.sub.len()),
            "the subject is empty or too long"
        );
        Ok(claims)
    }

    /// The key that a token names; the only one there is for a token that names none.
    async fn published_key(&self, kid: Option<&str>) -> anyhow::Result<Jwk> {
        let Keys::Published { url, http, kept, early } = &self.keys else {
            bail!("no keys are published");
        };
        let find = |keys: &[Jwk]| match (kid, keys) {
            (Some(kid), keys) => keys
                .iter()
                .find(|key| key.common.key_id.as_deref() == Some(kid))
                .cloned(),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        };
        let young = kept
            .lock()
            .clone()
            .filter(|(asked_at, _)| asked_at.elapsed() < KEYS_LIFETIME);
        if let Some((_, keys)) = young {
            if let Some(key) = find(&keys) {
                return Ok(key);
            }
            ensure!(
                early.check(&()).is_ok(),
                "there is no key {kid:?}, and we asked a moment ago"
            );
        }
        let request = http::Request::get(url.as_str()).body(Vec::new())?;
        let answer = http
            .send(request)
            .await
            .with_context(|| format!("{url} cannot be read"))?;
        ensure!(answer.status().is_success(), "{url} answers {}", answer.status());
        let keys = Arc::new(read_keys(answer.body())?);
        *kept.lock() = Some((Instant::now(), Arc::clone(&keys)));
        find(&keys).ok_or_else(|| anyhow!("there is no key {kid:?}"))
    }
}

/// The keys of a set that we can use; others may stand beside them.
fn read_keys(json: &[u8]) -> anyhow::Result<Vec<Jwk>> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(json).context("this is no set of keys")?;
    let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
    Ok(keys.take(MOST_KEYS).collect())
}

/// The best of what the claim's value, a text or a list of texts, stands for.
fn granted<'a, T: Ord>(
    claims: &Map<String, Value>,
    claim: &str,
    meanings: impl Iterator<Item = (&'a String, T)>,
) -> Option<T> {
    let has = |value: &str| match claims.get(claim) {
        Some(Value::String(text)) => text == value,
        Some(Value::Array(list)) => list.iter().any(|one| one == value),
        _ => false,
    };
    meanings.filter(|(value, _)| has(value)).map(|(_, right)| right).max()
}
