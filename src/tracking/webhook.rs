//! The webhook: each batch of events is one POST, tried again until it is taken, with a signature by which its receiver
//! knows that it comes from here and is not an old one sent again.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::{Event, store};
use crate::App;
use crate::db::{Ts, Tx};
use crate::error::Result;
use crate::jobs::{self, Failure, NewJob, Work};

/// The kind of jobs that send a batch.
pub(super) const KIND: &str = "analytics-webhook";

/// How long the receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a job sends.
#[derive(Serialize, Deserialize)]
struct Batch {
    batch: Uuid,
}

/// Has a batch sent, in the transaction that writes it.
///
/// # Errors
/// The database's own.
pub(super) async fn enqueue(tx: &mut Tx, batch: Uuid, events: usize) -> Result<()> {
    let summary = format!("{events} events for the webhook");
    jobs::enqueue_in(tx, NewJob::new(KIND, summary, &Batch { batch })).await?;
    Ok(())
}

/// Sends a batch. The receiver may get one twice, when its answer is lost; the events' keys tell it.
///
/// # Errors
/// It was not taken: to be tried again.
pub(super) async fn send(app: App, work: Work) -> Result<(), Failure> {
    let Batch { batch } = work.payload()?;
    let Some(url) = &app.config.analytics.webhook_url else {
        return Ok(()); // the settings have changed: nobody wants it any more
    };
    let events = store::list_batch(&app.db, batch).await?;
    let events: Vec<Value> = events.iter().map(as_json).collect();
    let body = json!({ "id": batch, "events": events }).to_string();
    let secret = app.config.analytics.webhook_secret.expose_secret();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Failure::Again(error.into()))?;
    let answer = client
        .post(url.clone())
        .header("content-type", "application/json")
        .header("lectern-signature", signature(secret, Ts::now().unix_s(), &body))
        .body(body)
        .send()
        .await
        .map_err(|error| Failure::Again(anyhow::anyhow!(error.without_url())))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(Failure::Again(anyhow::anyhow!("the webhook answered {status}"))),
    }
}

fn as_json(event: &Event) -> Value {
    let properties: Value = serde_json::from_str(&event.properties).unwrap_or_default();
    json!({
        "id": event.id,
        "event": event.name,
        "userId": event.user_id,
        "at": event.at,
        "properties": properties,
    })
}

/// `t=…,v1=…`: HMAC-SHA-256 over the time, a full stop and the body.
fn signature(secret: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_as_others_compute_it() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
        let want = "t=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
        assert_eq!(signature("secret", 1_700_000_000, "{}"), want);
    }
}
