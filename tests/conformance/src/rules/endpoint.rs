//! What any request to an endpoint or a session gets: GET, OPTIONS, redirections.

use crate::rule::{Outcome, Rule, broken, ensure, rule};
use crate::server::{Reply, SDP, Server};
use reqwest::Method;
use url::Url;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "W1",
        Must,
        "RFC 9725 section 4.1; WHEP draft, HTTP Usage",
        "GET on endpoint and session is 2xx without content",
        get
    ),
    rule!(
        "W7",
        Must,
        "RFC 9725 section 4.2; WHEP draft, Playback Session Termination",
        "OPTIONS is 2xx with CORS headers for every method that a page needs",
        preflight
    ),
    rule!(
        "W7b",
        Should,
        "RFC 9725 section 4.2",
        "OPTIONS says Accept-Post: application/sdp",
        accept_post
    ),
    rule!(
        "W7c",
        Should,
        "RFC 9725 section 4.6",
        "A CORS preflight gets no credentials of relays",
        preflight_without_credentials
    ),
];

/// About every answer that came before.
pub(super) const LAST: &[Rule] = &[rule!(
    "W20",
    Must,
    "RFC 9725 section 4.5; WHEP draft, Load Balancing and Redirections",
    "Never 301 or 302; a 503 says when to try again",
    no_redirections
)];

async fn get(server: &Server) -> Outcome {
    let is_empty = |what: &str, reply: &Reply| {
        ensure(reply.status.is_success() && reply.body.is_empty(), || {
            format!("GET on the {what}: {} with {} bytes", reply.brief(), reply.body.len())
        })
    };
    let endpoint = server.ask(Method::GET, &server.url).send().await?;
    is_empty("endpoint", &endpoint)?;
    server
        .with_session(&server.offer(), async |session| {
            let reply = server.ask(Method::GET, &session.url).send().await?;
            is_empty("session", &reply)?;
            Ok(format!("{} and {}", endpoint.status.as_u16(), reply.status.as_u16()))
        })
        .await
}

/// What a browser asks before a page of another site may send `method`.
async fn ask_preflight(server: &Server, url: &Url, method: &str) -> Outcome<Reply> {
    server
        .ask(Method::OPTIONS, url)
        .token(None)
        .header("origin", "https://school.example")
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "authorization,content-type,if-match")
        .send()
        .await
}

/// The Fetch standard's section on CORS: what a browser needs to read in the answer.
fn allows(reply: &Reply, method: &str) -> Outcome<()> {
    ensure(reply.status.is_success(), || {
        format!("OPTIONS before {method}: {}", reply.brief())
    })?;
    let origin = reply.header("access-control-allow-origin").unwrap_or_default();
    ensure(["*", "https://school.example"].contains(&origin), || {
        format!("before {method}: Access-Control-Allow-Origin is {origin:?}")
    })?;
    let has = |name: &str, wanted: &str| {
        let list = reply.list(name).to_ascii_lowercase();
        list.split(',').any(|item| [wanted, "*"].contains(&item.trim()))
    };
    ensure(
        has("access-control-allow-methods", &method.to_ascii_lowercase()),
        || format!("{method} is not among {:?}", reply.list("access-control-allow-methods")),
    )?;
    for header in ["authorization", "content-type"] {
        // A star does not stand for Authorization (Fetch, CORS non-wildcard request-header name).
        let listed = reply.list("access-control-allow-headers").to_ascii_lowercase();
        let is_there = listed.split(',').any(|item| item.trim() == header);
        ensure(is_there || (header != "authorization" && listed.contains('*')), || {
            format!("before {method}: {header} is not among {listed:?}")
        })?;
    }
    Ok(())
}

async fn preflight(server: &Server) -> Outcome {
    allows(&ask_preflight(server, &server.url, "POST").await?, "POST")?;
    server
        .with_session(&server.offer(), async |session| {
            for method in ["PATCH", "DELETE"] {
                allows(&ask_preflight(server, &session.url, method).await?, method)?;
            }
            let exposed = session
                .created
                .list("access-control-expose-headers")
                .to_ascii_lowercase();
            // Only a request with an Origin needs the answer's headers exposed, and ours has none.
            let exposed = if exposed.is_empty() {
                String::new()
            } else {
                format!("; exposes {exposed}")
            };
            Ok(format!(
                "POST, PATCH and DELETE are allowed to pages of other sites{exposed}"
            ))
        })
        .await
}

async fn accept_post(server: &Server) -> Outcome {
    let reply = ask_preflight(server, &server.url, "POST").await?;
    let types = reply.list("accept-post").to_ascii_lowercase();
    let is_there = types.split([',', ';']).any(|item| item.trim() == SDP);
    ensure(is_there, || format!("Accept-Post is {types:?}"))?;
    Ok(format!("Accept-Post: {types}"))
}

async fn preflight_without_credentials(server: &Server) -> Outcome {
    let links = ask_preflight(server, &server.url, "POST").await?.list("link");
    ensure(!links.contains("ice-server"), || {
        format!("a preflight gets Link: {links}")
    })?;
    Ok("no ice-server in the answer to a preflight".into())
}

async fn no_redirections(server: &Server) -> Outcome {
    let mut slash = server.url.clone();
    slash.set_path(&format!("{}/", server.url.path().trim_end_matches('/')));
    let reply = server
        .ask(Method::POST, &slash)
        .body(SDP, server.offer())
        .send()
        .await?;
    if let (true, Some(url)) = (
        reply.is(201),
        reply.header("location").and_then(|to| reply.url.join(to).ok()),
    ) {
        server.ask(Method::DELETE, &url).send().await?;
    }
    let mut odd = server.odd();
    if let Some(publisher) = &server.publish {
        odd.extend(publisher.odd());
    }
    match odd.first() {
        Some(first) => broken(format!("{} answers, such as {first}", odd.len())),
        None => Ok("in no answer of this run; overload cannot be brought about from outside".into()),
    }
}
