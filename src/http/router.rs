//! All routes on one screen. Each handler carries its own path and documentation; a test holds the list below to them.

use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{assets, frame, health, openapi};
use crate::accounts::{
    admin_routes as admin, frame_routes as frames, magic_link_routes as magic_link, oidc_routes as oidc,
    own_routes as own,
};
use crate::chat::{gesture_routes as gestures, moderation_routes as moderation};
use crate::daily::routes as daily;
use crate::demo::sample::routes as sample;
use crate::notifications::{follow_routes as follows, routes as notices};
use crate::polls::question_routes as questions;
use crate::recordings::thumbnail_routes as thumbnails;
use crate::sessions::{calendars, instructor, series_routes as series};
use crate::{
    App, accounts, analytics, chat, conversation, enrolments, jobs, metrics, polls, recordings, sessions, settings,
    tokens, whip, workouts,
};

/// Everything that the server answers.
///
/// # Errors
/// A public URL that is no origin.
#[rustfmt::skip] // one route, one line
pub fn router(app: &App) -> anyhow::Result<Router> {
    let (api, _) = api().split_for_parts();
    let by_cookie = frame::never_stored(api.merge(openapi::router(&document())));
    let (callbacks, _) = callbacks().split_for_parts();
    let (media, _) = media().split_for_parts();
    let (replays, _) = recordings::routes::media().split_for_parts();
    let routes = Router::new()
        .merge(frame::called_from_other_sites(frame::same_site_only(by_cookie, app)?, app))
        .merge(frame::never_stored(callbacks))
        .merge(whip::routes::complete(media, app))
        .merge(replays)                                      // GET    /media/{session}/{expires}/{signature}/{file}
        .fallback(assets::serve); // the web app
    Ok(frame::around(routes.with_state(app.clone()), app))
}

/// The description of all of it.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let everything = api()
        .merge(callbacks())
        .merge(media())
        .merge(recordings::routes::media());
    everything.into_openapi()
}

/// Connections of publishers and viewers: by bearer token, from any site.
#[rustfmt::skip] // one route, one line
pub fn media() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(whip::routes::publish))              // POST   /whip/{session}
        .routes(routes!(whip::routes::patch_publisher, whip::routes::close_publisher)) // PATCH DELETE /whip/{session}/{peer}
        .routes(routes!(whip::routes::view))                 // POST   /whep/{session}
        .routes(routes!(whip::routes::patch_viewer, whip::routes::close_viewer)) // PATCH DELETE /whep/{session}/{peer}
        .routes(routes!(whip::extensions::open, whip::extensions::read_all)) // POST GET /whep/{session}/{peer}/sse
        .routes(routes!(whip::extensions::read, whip::extensions::close)) // GET DELETE /whep/{session}/{peer}/sse/{stream}
        .routes(routes!(whip::extensions::choose_layer))     // POST   /whep/{session}/{peer}/layer
}

/// Where other sites send browsers back to, some by a form of theirs.
#[rustfmt::skip] // one route, one line
pub fn callbacks() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(oidc::callback, oidc::callback_form)) // GET POST /api/auth/oidc/{provider}/callback
}

/// The API of pages: by cookie.
#[rustfmt::skip] // one route, one line
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::Api::openapi())
        .routes(routes!(accounts::routes::setup_state, accounts::routes::setup)) // GET POST /api/setup
        .routes(routes!(accounts::routes::signup))           // POST   /api/auth/signup
        .routes(routes!(accounts::routes::login))            // POST   /api/auth/login
        .routes(routes!(accounts::routes::logout))           // POST   /api/auth/logout
        .routes(routes!(magic_link::ask))                    // POST   /api/auth/magic-link
        .routes(routes!(magic_link::redeem))                 // POST   /api/auth/magic-link/redeem
        .routes(routes!(frames::enter))                      // POST   /api/auth/frame
        .routes(routes!(oidc::providers))                    // GET    /api/auth/providers
        .routes(routes!(oidc::start))                        // GET    /api/auth/oidc/{provider}/start
        .routes(routes!(accounts::routes::instructor_login)) // POST   /api/instructor/login
        .routes(routes!(accounts::routes::me, own::change, own::delete)) // GET PATCH DELETE /api/auth/me
        .routes(routes!(own::set_password))                  // PUT    /api/auth/me/password
        .routes(routes!(own::export))                        // GET    /api/auth/me/export
        .routes(routes!(own::browsers, own::revoke_others))  // GET DELETE /api/auth/sessions
        .routes(routes!(own::revoke))                        // DELETE /api/auth/sessions/{id}

        .routes(routes!(admin::users))                       // GET    /api/admin/users
        .routes(routes!(admin::change))                      // PATCH  /api/admin/users/{id}
        .routes(routes!(metrics::routes::health))            // GET    /api/admin/health
        .routes(routes!(settings::routes::list, settings::routes::change)) // GET PATCH /api/admin/settings
        .routes(routes!(admin::audit))                       // GET    /api/admin/audit

        .routes(routes!(sample::show, sample::load, sample::remove)) // GET POST DELETE /api/admin/sample

        .routes(routes!(jobs::routes::list))                 // GET    /api/admin/jobs
        .routes(routes!(jobs::routes::retry))                // POST   /api/admin/jobs/{id}/retry
        .routes(routes!(jobs::routes::delete))               // DELETE /api/admin/jobs/{id}
        .routes(routes!(daily::list))                        // GET    /api/admin/runs
        .routes(routes!(daily::start))                       // POST   /api/admin/runs/{name}
        .routes(routes!(daily::cleanup))                     // GET    /api/cron/cleanup-recordings
        .routes(routes!(daily::migrate))                     // GET    /api/cron/migrate-streams-to-workouts

        .routes(routes!(sessions::routes::list))             // GET    /api/live/sessions
        .routes(routes!(sessions::routes::show))             // GET    /api/live/sessions/{id}
        .routes(routes!(sessions::routes::set_reminder, sessions::routes::remove_reminder)) // POST DELETE /api/live/sessions/{id}/reminder
        .routes(routes!(calendars::file))                    // GET    /api/live/sessions/{id}/calendar
        .routes(routes!(calendars::address))                 // GET    /api/calendar
        .routes(routes!(calendars::rotate))                  // POST   /api/calendar/rotate
        .routes(routes!(calendars::feed))                    // GET    /api/calendar/{file}
        .routes(routes!(sessions::routes::watch_token))      // POST   /api/live/sessions/{id}/watch-token
        .routes(routes!(sessions::routes::publish_token))    // POST   /api/live/sessions/{id}/publish-token
        .merge(recordings::routes::hls())                    // GET    /api/live/sessions/{id}/hls/master.m3u8
        .merge(recordings::routes::time_line())              // GET    /api/live/sessions/{id}/hls/storyboard.vtt
        .routes(routes!(thumbnails::show))                   // GET    /api/live/sessions/{id}/thumbnail.jpg
        .routes(routes!(recordings::download_routes::download)) // GET    /api/instructor/streams/{id}/download
        .routes(routes!(recordings::admin_routes::list))     // GET    /api/admin/recordings
        .merge(thumbnails::upload())                         // POST DELETE /api/instructor/streams/{id}/thumbnail

        .routes(routes!(conversation::routes::follow))       // GET    /live/{id}
        .routes(routes!(chat::routes::list, chat::routes::post)) // GET POST /api/live/sessions/{id}/chat
        .routes(routes!(chat::routes::delete))               // DELETE /api/live/sessions/{id}/chat/{message}
        .routes(routes!(moderation::pin, moderation::unpin)) // POST DELETE /api/live/sessions/{id}/chat/{message}/pin
        .routes(routes!(moderation::bans, moderation::ban))  // GET POST /api/live/sessions/{id}/chat/bans
        .routes(routes!(moderation::lift))                   // DELETE /api/live/sessions/{id}/chat/bans/{user}
        .routes(routes!(gestures::react))                    // POST   /api/live/sessions/{id}/reactions
        .routes(routes!(gestures::raise, gestures::lower))   // POST DELETE /api/live/sessions/{id}/hand
        .routes(routes!(gestures::list))                     // GET    /api/live/sessions/{id}/hands
        .routes(routes!(gestures::lower_other))              // DELETE /api/live/sessions/{id}/hands/{user}
        .routes(routes!(polls::routes::list, polls::routes::create)) // GET POST /api/live/sessions/{id}/polls
        .routes(routes!(polls::routes::vote))                // POST   /api/live/polls/{id}/vote
        .routes(routes!(polls::routes::close))               // POST   /api/live/polls/{id}/close
        .routes(routes!(polls::routes::reopen))              // POST   /api/live/polls/{id}/reopen
        .routes(routes!(polls::routes::delete))              // DELETE /api/live/polls/{id}
        .routes(routes!(questions::list, questions::ask))    // GET POST /api/live/sessions/{id}/questions
        .routes(routes!(questions::upvote, questions::take_upvote_back)) // POST DELETE /api/live/questions/{id}/upvote
        .routes(routes!(questions::mark_answered, questions::mark_open)) // POST DELETE /api/live/questions/{id}/answered
        .routes(routes!(questions::delete))                  // DELETE /api/live/questions/{id}

        .routes(routes!(analytics::routes::of_session))      // GET    /api/instructor/streams/{id}/analytics
        .routes(routes!(analytics::routes::table_of_session)) // GET   /api/instructor/streams/{id}/analytics.csv
        .routes(routes!(analytics::routes::of_all))          // GET    /api/instructor/analytics
        .routes(routes!(analytics::routes::table_of_all))    // GET    /api/instructor/analytics.csv
        .routes(routes!(analytics::routes::played))          // POST   /api/live/sessions/{id}/watched

        .routes(routes!(enrolments::routes::enrol))          // POST   /api/live/sessions/{id}/enrol
        .routes(routes!(enrolments::routes::show))           // GET    /api/live/sessions/{id}/enrolment
        .routes(routes!(enrolments::routes::list))           // GET    /api/live/enrolments

        .routes(routes!(workouts::routes::list))             // GET    /api/workouts
        .routes(routes!(workouts::routes::show))             // GET    /api/workouts/{id}
        .routes(routes!(workouts::routes::play))             // GET    /api/workouts/{id}/hls/master.m3u8
        .routes(routes!(workouts::routes::storyboard))       // GET    /api/workouts/{id}/hls/storyboard.vtt

        .routes(routes!(notices::preferences, notices::set_preferences)) // GET PUT /api/notifications/preferences
        .routes(routes!(notices::ask_unsubscribe, notices::unsubscribe_mail)) // GET POST /api/notifications/unsubscribe/{token}
        .routes(routes!(notices::push_key))                  // GET    /api/push/key
        .routes(routes!(notices::subscribe, notices::unsubscribe)) // POST DELETE /api/push/subscriptions
        .routes(routes!(follows::show))                      // GET    /api/instructors/{id}
        .routes(routes!(follows::follow, follows::unfollow)) // POST DELETE /api/instructors/{id}/follow

        .routes(routes!(instructor::list))                   // GET    /api/instructor/streams
        .routes(routes!(instructor::create))                 // POST   /api/instructor/streams/create
        .routes(routes!(series::list, series::create))       // GET POST /api/instructor/series
        .routes(routes!(series::change))                     // PATCH  /api/instructor/series/{id}
        .routes(routes!(series::cancel))                     // POST   /api/instructor/series/{id}/cancel
        .routes(routes!(instructor::show, instructor::change, instructor::delete)) // GET PATCH DELETE /api/instructor/streams/{id}
        .routes(routes!(instructor::start))                  // POST   /api/instructor/streams/{id}/start
        .routes(routes!(instructor::end))                    // POST   /api/instructor/streams/{id}/end
        .routes(routes!(instructor::cancel))                 // POST   /api/instructor/streams/{id}/cancel
        .routes(routes!(instructor::ingest))                 // GET    /api/instructor/streams/{id}/ingest
        .routes(routes!(instructor::rotate))                 // POST   /api/instructor/streams/{id}/ingest/rotate

        .routes(routes!(tokens::routes::balance))            // GET    /api/tokens/balance
        .routes(routes!(tokens::routes::deduct))             // POST   /api/tokens/deduct
        .routes(routes!(tokens::routes::transactions))       // GET    /api/tokens/transactions
        .routes(routes!(tokens::routes::grant))              // POST   /api/admin/users/{id}/tokens

        .routes(routes!(health::alive))                      // GET    /healthz
        .routes(routes!(metrics::routes::metrics))           // GET    /metrics
        .routes(routes!(health::ready))                      // GET    /readyz
}
