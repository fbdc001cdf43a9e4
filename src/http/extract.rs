//! What handlers ask for. A handler's signature shows its access rule: [`Viewer`], [`Instructor`], [`Admin`],
//! [`MaybeUser`].

use std::net::{IpAddr, SocketAddr};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{
    ConnectInfo, FromRequest, FromRequestParts, OptionalFromRequest, OptionalFromRequestParts, Path, Query, Request,
};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HOST, SEC_WEBSOCKET_PROTOCOL, USER_AGENT};
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::cookie;
use crate::App;
use crate::accounts::login::Device;
use crate::accounts::outside_token::OutsideTokens;
use crate::accounts::proof::Proof;
use crate::accounts::{Language, Role, User, same_user};
use crate::error::{Error, FieldError, Result};

/// The signed-in user, or nobody.
#[derive(Clone, Debug)]
pub struct MaybeUser(pub Option<User>);

/// The same with how they showed who they are, for connections that outlast their request.
#[derive(Clone)]
pub struct MaybeProven(pub Option<(User, Proof)>);

/// Anybody who is signed in; others get 401.
#[derive(Clone, Debug)]
pub struct Viewer(pub User);

/// An instructor or admin; others get 401 or 403.
#[derive(Clone, Debug)]
pub struct Instructor(pub User);

/// An admin; others get 401 or 403.
#[derive(Clone, Debug)]
pub struct Admin(pub User);

impl FromRequestParts<App> for MaybeUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<MaybeUser> {
        let MaybeProven(proven) = MaybeProven::from_request_parts(parts, app).await?;
        Ok(MaybeUser(proven.map(|(user, _)| user)))
    }
}

impl FromRequestParts<App> for MaybeProven {
    type Rejection = Error;

    /// By the token of an embedding site, if there is one; otherwise by cookie.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<MaybeProven> {
        let bearer = match Bearer::from_request_parts(parts, app).await {
            Ok(Some(Bearer(token))) => Some(token),
            Ok(None) | Err(_) => socket_token(&parts.headers).map(str::to_owned),
        };
        if let Some(outside) = &app.outside_logins
            && let Some(token) = bearer.filter(|token| OutsideTokens::looks_like_one(token))
        {
            let (user, until) = outside.sign_in(app, &token).await?;
            let proof = Proof::OutsideToken { user: user.id, until };
            return Ok(MaybeProven(Some((user, proof))));
        }
        let jar = CookieJar::from_headers(&parts.headers);
        let Some(token) = cookie::login_token(&jar) else {
            return Ok(MaybeProven(None));
        };
        let proof = Proof::Login(token.to_owned());
        Ok(MaybeProven(proof.user(app).await?.map(|user| (user, proof))))
    }
}

/// The protocol that our WebSockets speak; whoever sends a token beside it must offer it, too.
pub const SOCKET_PROTOCOL: &str = "lectern";
/// What a token begins with among the protocols that a WebSocket offers.
const TOKEN_PROTOCOL: &str = "lectern.bearer.";

/// The token that a page sends with its WebSocket: scripts can set no header of it but the list of protocols, which stands
/// in no log and no history, as an address would.
fn socket_token(headers: &HeaderMap) -> Option<&str> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .find_map(|protocol| protocol.trim().strip_prefix(TOKEN_PROTOCOL))
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Viewer> {
        let MaybeUser(user) = <MaybeUser as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        user.map(Viewer).ok_or(Error::Unauthenticated("sign in first"))
    }
}

impl FromRequestParts<App> for Instructor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Instructor> {
        at_least(Role::Instructor, parts, app).await.map(Instructor)
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Admin> {
        at_least(Role::Admin, parts, app).await.map(Admin)
    }
}

async fn at_least(role: Role, parts: &mut Parts, app: &App) -> Result<User> {
    let Viewer(user) = Viewer::from_request_parts(parts, app).await?;
    if user.role < role {
        return Err(Error::Forbidden("your account may not do this"));
    }
    Ok(user)
}

/// The `Authorization: Bearer` token of a request (RFC 6750 section 2.1), if there is one.
#[derive(Clone)]
pub struct Bearer(pub String);

impl<S: Sync> OptionalFromRequestParts<S> for Bearer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Bearer>> {
        let Some(value) = parts.headers.get(AUTHORIZATION) else {
            return Ok(None);
        };
        let token = value.to_str().ok().and_then(|text| text.split_once(' '));
        match token {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(Bearer(token.trim().to_owned()))),
            _ => Err(Error::Unauthenticated("Authorization must be `Bearer` and a token")),
        }
    }
}

/// A JSON body that keeps its rules: 400 unreadable, 413 too long, 415 not JSON, 422 with the fields that are wrong. No text
/// in it has a U+0000, which PostgreSQL does not keep.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T> FromRequest<App> for Body<T>
where
    T: DeserializeOwned + garde::Validate<Context = ()>,
{
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Body<T>> {
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), app).await;
        let bytes = bytes.map_err(|rejection| unreadable(rejection.into()))?;
        if has_zero(&bytes) {
            return Err(zero());
        }
        let request = Request::from_parts(parts, bytes.into());
        let Json(value) = <Json<T> as FromRequest<App>>::from_request(request, app)
            .await
            .map_err(unreadable)?;
        value.validate().map_err(|report| {
            let field = |(path, error): &(garde::Path, garde::Error)| FieldError {
                path: camel_case(&path.to_string()),
                message: error.to_string(),
            };
            Error::Invalid(report.iter().map(field).collect())
        })?;
        Ok(Body(value))
    }
}

/// A body that may be left out: then there is no Content-Type either.
impl<T> OptionalFromRequest<App> for Body<T>
where
    T: DeserializeOwned + garde::Validate<Context = ()>,
{
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Option<Body<T>>> {
        match request.headers().contains_key(CONTENT_TYPE) {
            true => <Body<T> as FromRequest<App>>::from_request(request, app)
                .await
                .map(Some),
            false => Ok(None),
        }
    }
}

/// A body that says who asks, as some clients send it.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct OwnUser {
    /// The caller's own, if given.
    #[garde(skip)]
    user_id: Option<String>,
}

impl OwnUser {
    /// Checks that a body, if there is one, names `user` or nobody.
    ///
    /// # Errors
    /// 403 for anybody else.
    pub fn check(body: Option<Body<OwnUser>>, user: &User) -> Result<()> {
        same_user(user, body.and_then(|Body(body)| body.user_id).as_deref())
    }
}

/// Whether a text in this JSON has a U+0000: its escape, and not one of the backslash before it.
fn has_zero(json: &[u8]) -> bool {
    let is_escape = |at: usize| {
        let backslashes = json[..at].iter().rev().take_while(|byte| **byte == b'\\');
        json[at..].starts_with(b"u0000") && backslashes.count() % 2 == 1
    };
    (0..json.len()).any(is_escape)
}

fn zero() -> Error {
    Error::BadRequest("a text has the character U+0000, which is none".into())
}

/// As the field is called in JSON.
fn camel_case(path: &str) -> String {
    let mut words = path.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        name + &initial.to_ascii_uppercase() + rest
    })
}

fn unreadable(rejection: JsonRejection) -> Error {
    let code = match &rejection {
        JsonRejection::MissingJsonContentType(_) => "unsupported-media-type",
        JsonRejection::JsonDataError(_) => "invalid",
        JsonRejection::BytesRejection(_) => "too-large",
        _ => "bad-request",
    };
    Error::Refused {
        status: rejection.status(),
        code,
        detail: rejection.body_text().into(),
    }
}

/// Parameters after the `?`; unreadable ones are 400.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Params<T>> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(zero());
        }
        let query = Query::<T>::from_request_parts(parts, app).await;
        query
            .map(|Query(value)| Params(value))
            .map_err(|error| Error::BadRequest(error.body_text().into()))
    }
}

/// The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a retry with the same one does nothing again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdempotencyKey {
    /// The key, if one was sent.
    pub value: Option<String>,
}

/// Longest key: a UUID in quotes has 38.
const KEY_BYTES: usize = 128;

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<IdempotencyKey> {
        let Some(header) = parts.headers.get("idempotency-key") else {
            return Ok(IdempotencyKey { value: None });
        };
        let text = header.to_str().ok().map(|text| text.trim_matches('"'));
        match text.filter(|text| (1..=KEY_BYTES).contains(&text.len())) {
            Some(text) => Ok(IdempotencyKey {
                value: Some(text.to_owned()),
            }),
            None => Err(Error::BadRequest(
                "Idempotency-Key must be 1 to 128 ASCII characters".into(),
            )),
        }
    }
}

impl utoipa::IntoParams for IdempotencyKey {
    fn into_params(
        _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(KEY_BYTES));
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some("A retry with the same key does nothing again"))
            .schema(Some(text));
        vec![parameter.build()]
    }
}

/// The key in the path; what is no key names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub Uuid);

impl FromRequestParts<App> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Id> {
        let path = <Path<Uuid> as FromRequestParts<App>>::from_request_parts(parts, app).await;
        path.map(|Path(id)| Id(id)).map_err(|_| Error::NotFound("session"))
    }
}

/// Two keys in the path, the outer one first; what is no key names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub struct Ids(pub Uuid, pub Uuid);

impl FromRequestParts<App> for Ids {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Ids> {
        let path = <Path<(Uuid, Uuid)> as FromRequestParts<App>>::from_request_parts(parts, app).await;
        path.map(|Path((outer, inner))| Ids(outer, inner))
            .map_err(|_| Error::NotFound("thing"))
    }
}

/// The address of the caller; behind a trusted proxy, the one that the proxy saw.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ClientAddress> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        let forwarded = app.config.http.trust_proxy.then(|| last_forwarded(parts)).flatten();
        let address = forwarded
            .or(peer)
            .ok_or_else(|| anyhow::anyhow!("a request without an address"))?;
        Ok(ClientAddress(address.to_canonical()))
    }
}

/// Longest name of a browser that is kept.
const AGENT_CHARS: usize = 300;

impl FromRequestParts<App> for Device {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Device> {
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, app).await?;
        let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Device {
            user_agent: agent.map(|text| text.chars().take(AGENT_CHARS).collect()),
            address: Some(address.to_string()),
        })
    }
}

/// The first language of `Accept-Language` that we have; English otherwise. Browsers list what their user prefers first.
impl FromRequestParts<App> for Language {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Language> {
        let wanted = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let known = |tag: &str| {
            let language = tag.trim().split(['-', ';']).next()?;
            Language::try_from(language.to_ascii_lowercase()).ok()
        };
        Ok(wanted
            .into_iter()
            .flat_map(|tags| tags.split(','))
            .find_map(known)
            .unwrap_or(Language::En))
    }
}

/// The last entry: a proxy appends what it saw, and everything before it is the client's own claim.
fn last_forwarded(parts: &Parts) -> Option<IpAddr> {
    parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()?
        .to_str()
        .ok()?
        .rsplit(',')
        .next()?
        .trim()
        .parse()
        .ok()
}

/// Scheme and authority by which the caller reached us, for links that leave the page: `https://live.example.org`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin(String);

impl Origin {
    /// The same origin followed by `path`, which starts with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether the browser talks to us encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl FromRequestParts<App> for Origin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Origin> {
        if let Some(url) = &app.config.http.public_url {
            return Ok(Origin(url.origin().ascii_serialization()));
        }
        let header = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value: &axum::http::HeaderValue| value.to_str().ok())
        };
        let host = parts
            .uri
            .authority()
            .map(|authority| authority.as_str())
            .or_else(|| header(HOST.as_str()));
        let host = host.ok_or(Error::BadRequest("the Host header is missing".into()))?;
        let forwarded = if app.config.http.trust_proxy {
            header("x-forwarded-proto")
        } else {
            None
        };
        let is_https = app.config.tls.is_on() || forwarded == Some("https");
        let scheme = if is_https { "https" } else { "http" };
        Ok(Origin(format!("{scheme}://{host}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_is_found_and_what_only_looks_like_one_is_not() {
        let cases = [
            (r#"{"a": "x\u0000"}"#, true),
            (r#"{"a": "\\\u0000"}"#, true),
            (r#"{"a": "\\u0000"}"#, false),
            (r#"{"a": "u0000"}"#, false),
            (r#"{"a": "\u00001"}"#, true),
            (r#"{"a": "\u0001"}"#, false),
            ("", false),
        ];
        for (json, want) in cases {
            assert_eq!(has_zero(json.as_bytes()), want, "{json}");
        }
    }
}
