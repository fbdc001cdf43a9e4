//! HTTP of notifications: what the caller wants to be told, their browsers, and the link under mails.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Html;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::unsubscribe::Unsubscription;
use super::vapid::Vapid;
use super::{push, store};
use crate::accounts::{self, Language};
use crate::error::{Error, Result};
use crate::http::extract::{Body, Viewer};
use crate::http::problem::Problem;
use crate::{App, id};

/// Longest address of a browser at its push service.
const ENDPOINT_BYTES: usize = 1000;

/// What a user wants to be told, and how.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema, garde::Validate)]
#[schema(as = NotificationPreferences)]
pub struct Preferences {
    /// Whether by mail.
    #[garde(skip)]
    pub email: bool,
    /// Whether as push messages to the browsers that were signed up.
    #[garde(skip)]
    pub push: bool,
    /// Whether by SMS; needs a number.
    #[garde(skip)]
    pub sms: bool,
    /// With the country: +31612345678.
    #[garde(custom(phone_number))]
    pub phone: Option<String>,
    /// Of what.
    #[garde(skip)]
    pub events: Events,
}

/// What a user wants to be told of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationEvents)]
pub struct Events {
    /// A session starts in a day.
    pub reminder24h: bool,
    /// A session starts in a quarter of an hour.
    pub reminder15m: bool,
    /// An instructor whom they follow has planned something.
    pub new_session: bool,
    /// A replay ends in a day.
    pub replay_expires: bool,
    /// They have enrolled: a mail with what they paid, and the class for their calendar. Left out: yes.
    #[serde(default = "yes")]
    pub enrolled: bool,
}

impl Default for Preferences {
    fn default() -> Preferences {
        Preferences {
            email: true,
            push: true,
            sms: false,
            phone: None,
            events: Events {
                reminder24h: true,
                reminder15m: true,
                new_session: true,
                replay_expires: true,
                enrolled: true,
            },
        }
    }
}

fn yes() -> bool {
    true
}

/// What browsers subscribe with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushKey {
    /// An uncompressed point on P-256, base64url: the `applicationServerKey`.
    public_key: String,
}

/// A browser, as its `PushSubscription` says it in JSON.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct NewSubscription {
    #[garde(length(bytes, max = ENDPOINT_BYTES))]
    endpoint: String,
    #[garde(skip)]
    keys: SubscriptionKeys,
}

/// The keys of a browser.
#[derive(Deserialize, ToSchema)]
pub struct SubscriptionKeys {
    p256dh: String,
    auth: String,
}

/// A browser that takes no more messages.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct OldSubscription {
    #[garde(length(bytes, max = ENDPOINT_BYTES))]
    endpoint: String,
}

/// Tells what the caller wants to be told
#[utoipa::path(get, path = "/api/notifications/preferences", tag = "notifications",
    operation_id = "notification_preferences", responses((status = 200, body = Preferences),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn preferences(State(app): State<App>, Viewer(user): Viewer) -> Result<Json<Preferences>> {
    Ok(Json(store::preferences(&app.db, user.id).await?.unwrap_or_default()))
}

/// Changes what the caller wants to be told
#[utoipa::path(put, path = "/api/notifications/preferences", tag = "notifications",
    operation_id = "set_notification_preferences", request_body = Preferences, responses(
    (status = 200, body = Preferences), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn set_preferences(
    State(app): State<App>,
    Viewer(user): Viewer,
    Body(chosen): Body<Preferences>,
) -> Result<Json<Preferences>> {
    if chosen.sms && chosen.phone.is_none() {
        return Err(Error::field("phone", "is needed for SMS"));
    }
    store::set_preferences(&app.db, user.id, &chosen).await?;
    Ok(Json(chosen))
}

/// Gives the key that browsers subscribe to push messages with
#[utoipa::path(get, path = "/api/push/key", tag = "notifications", operation_id = "push_key",
    responses((status = 200, body = PushKey)))]
pub async fn push_key(State(app): State<App>) -> Json<PushKey> {
    Json(PushKey {
        public_key: Vapid::new(&app.keys.push).public_key().to_owned(),
    })
}

/// Signs a browser of the caller up for push messages
#[utoipa::path(post, path = "/api/push/subscriptions", tag = "notifications", operation_id = "subscribe_push",
    request_body = NewSubscription, responses((status = 201),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn subscribe(
    State(app): State<App>,
    Viewer(user): Viewer,
    Body(new): Body<NewSubscription>,
) -> Result<StatusCode> {
    push::check(&app, &new.endpoint, &new.keys.p256dh, &new.keys.auth)?;
    let subscription = store::Subscription {
        id: id::new(),
        user_id: user.id,
        endpoint: new.endpoint,
        p256dh: new.keys.p256dh,
        auth: new.keys.auth,
    };
    let mut tx = app.db.begin().await?;
    store::subscribe(&mut tx, &subscription).await?;
    tx.commit().await?;
    Ok(StatusCode::CREATED)
}

/// Signs a browser of the caller off
#[utoipa::path(delete, path = "/api/push/subscriptions", tag = "notifications", operation_id = "unsubscribe_push",
    request_body = OldSubscription, responses((status = 204),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn unsubscribe(
    State(app): State<App>,
    Viewer(user): Viewer,
    Body(old): Body<OldSubscription>,
) -> Result<StatusCode> {
    store::unsubscribe(&app.db, user.id, &old.endpoint).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks whether mails of this sort should end; the link under a mail
#[utoipa::path(get, path = "/api/notifications/unsubscribe/{token}", tag = "notifications",
    operation_id = "ask_unsubscribe", params(("token" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn ask_unsubscribe(State(app): State<App>, Path(token): Path<String>) -> Result<Html<String>> {
    let link = Unsubscription::read(&token, &app.keys.unsubscribe).ok_or(Error::NotFound("link"))?;
    let texts = Texts::of(accounts::find(&app.db, link.user).await?.language);
    // Only a click ends them: programs that follow links in mails do not.
    let form = format!("<form method=\"post\"><button>{}</button></form>", texts.button);
    Ok(Html(page(&texts, texts.question, &form)))
}

/// Ends mails of this sort: the button under the link, and one click in a mail program (RFC 8058)
#[utoipa::path(post, path = "/api/notifications/unsubscribe/{token}", tag = "notifications",
    operation_id = "unsubscribe_mail", params(("token" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn unsubscribe_mail(State(app): State<App>, Path(token): Path<String>) -> Result<Html<String>> {
    let link = Unsubscription::read(&token, &app.keys.unsubscribe).ok_or(Error::NotFound("link"))?;
    let texts = Texts::of(accounts::find(&app.db, link.user).await?.language);
    store::turn_off(&app.db, link.user, link.topic).await?;
    tracing::info!(user = %link.user, topic = ?link.topic, "does not want to be told any more");
    Ok(Html(page(&texts, texts.done, "")))
}

struct Texts {
    language: &'static str,
    question: &'static str,
    button: &'static str,
    done: &'static str,
}

impl Texts {
    fn of(language: Language) -> Texts {
        match language {
            Language::En => Texts {
                language: "en",
                question: "Do you want to stop getting notices of this sort?",
                button: "Stop them",
                done: "You will not get notices of this sort any more. You can change that in your account.",
            },
            Language::Nl => Texts {
                language: "nl",
                question: "Wil je geen berichten van deze soort meer krijgen?",
                button: "Stop ermee",
                done: "Je krijgt geen berichten van deze soort meer. Je kunt dat in je account weer veranderen.",
            },
        }
    }
}

/// Small enough for mail programs that show it themselves.
fn page(texts: &Texts, said: &str, form: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Lectern</title>\n<style>:root{{color-scheme:light dark}}\
         body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}}\
         button{{font:inherit;padding:.6rem 1.2rem}}</style></head>\n<body><main><h1>Lectern</h1>\n<p>{said}</p>\n\
         {form}</main></body>\n</html>\n",
        texts.language
    )
}

/// E.164: a plus and up to fifteen digits.
fn phone_number(number: &Option<String>, (): &()) -> garde::Result {
    let Some(number) = number else { return Ok(()) };
    let digits = number.strip_prefix('+').unwrap_or_default();
    let is_number = (8..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    match is_number {
        true => Ok(()),
        false => Err(garde::Error::new(
            "must begin with + and the country, for example +31612345678",
        )),
    }
}
