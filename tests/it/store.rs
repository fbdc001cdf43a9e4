//! Every store function, on SQLite and on PostgreSQL.

use std::collections::HashSet;

use lectern::accounts::login::Device;
use lectern::accounts::store::LoginEnd;
use lectern::accounts::{Role, User, admin, store as accounts};
use lectern::args;
use lectern::db::{Db, Ts, is_duplicate};
use lectern::id;
use lectern::recordings::{Facts, store as recordings};
use lectern::sessions::{EndDates, Plan, Search, Session, Status, StreamKey, store as sessions, store_viewers};
use lectern::sessions::{RecordingState, ThumbnailKind};
use uuid::Uuid;

use crate::databases;

const T0: Ts = Ts(1_790_000_000_000_000);

fn user(name: &str, role: Role) -> User {
    User {
        created_at: T0,
        ..User::new(name, &format!("{name}@example.org"), role)
    }
}

fn plan(title: &str, start: Ts) -> Plan {
    Plan {
        time_zone: "Europe/Amsterdam".into(),
        topic: Some("Fase 2 • Ontdekkingsfase".into()),
        phase_id: Some(2),
        ..Plan::new(title, start)
    }
}

async fn insert_session(db: &Db, instructor: &User, title: &str, start: Ts) -> Session {
    let mut tx = db.begin().await.unwrap();
    let plan = plan(title, start);
    let session = sessions::insert(&mut tx, id::new(), instructor, &plan, &StreamKey::random()).await;
    tx.commit().await.unwrap();
    session.unwrap()
}

async fn find(db: &Db, status: Option<Status>, limit: i64) -> Vec<Session> {
    let search = Search {
        status,
        ..Search::default()
    };
    store_viewers::search(db, &search, limit).await.unwrap()
}

async fn delete(db: &Db, id: Uuid) -> bool {
    let mut tx = db.begin().await.unwrap();
    let deleted = sessions::mark_deleted(&mut tx, id, T0).await.unwrap();
    tx.commit().await.unwrap();
    deleted.is_some()
}

async fn insert_instructor(db: &Db) -> User {
    let anna = user("anna", Role::Instructor);
    accounts::insert_user(db, &anna, Some("hash")).await.unwrap();
    anna
}

#[tokio::test]
async fn a_second_start_finds_the_tables_up_to_date() {
    for (name, db, _folder) in databases::both().await {
        db.migrate().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        db.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_user_is_found_by_address_and_only_once() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let found = accounts::user_by_email(&db, "anna@example.org").await.unwrap().unwrap();
        assert_eq!(
            (found.user, found.password_hash.as_deref()),
            (anna, Some("hash")),
            "{name}"
        );
        assert!(
            accounts::user_by_email(&db, "bob@example.org").await.unwrap().is_none(),
            "{name}"
        );

        let twin = User {
            email: "Anna@Example.org".into(),
            ..user("anna", Role::Viewer)
        };
        let error = accounts::insert_user(&db, &twin, Some("hash")).await.unwrap_err();
        assert!(is_duplicate(&error), "{name}: {error}");
    }
}

#[tokio::test]
async fn only_one_of_many_becomes_the_first_admin() {
    for (name, db, _folder) in databases::both().await {
        assert!(!accounts::has_admin(&db).await.unwrap(), "{name}");
        assert!(
            accounts::insert_first_admin(&db, &user("first", Role::Admin), "hash")
                .await
                .unwrap(),
            "{name}"
        );
        assert!(
            !accounts::insert_first_admin(&db, &user("second", Role::Admin), "hash")
                .await
                .unwrap(),
            "{name}"
        );
        assert!(accounts::has_admin(&db).await.unwrap(), "{name}");
        assert!(
            accounts::user_by_email(&db, "second@example.org")
                .await
                .unwrap()
                .is_none(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_login_lasts_until_its_end_and_can_be_ended() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let (one, two, fixed) = ([1; 32], [2; 32], [3; 32]);
        let end = LoginEnd {
            at: T0.plus_s(100),
            is_fixed: false,
        };
        let fixed_end = LoginEnd { is_fixed: true, ..end };
        accounts::insert_login(&db, &fixed, anna.id, &Device::default(), T0, fixed_end)
            .await
            .unwrap();
        accounts::insert_login(&db, &one, anna.id, &Device::default(), T0, end)
            .await
            .unwrap();
        accounts::insert_login(&db, &two, anna.id, &Device::default(), T0, end)
            .await
            .unwrap();
        let who = async |hash: &[u8], at| {
            accounts::user_by_login(&db, hash, at)
                .await
                .unwrap()
                .map(|found| found.user.id)
        };
        assert_eq!(who(&one, T0.plus_s(99)).await, Some(anna.id), "{name}");
        assert_eq!(who(&one, T0.plus_s(100)).await, None, "{name}");

        for hash in [&one, &fixed] {
            accounts::renew_login(&db, hash, T0.plus_s(50), T0.plus_s(200))
                .await
                .unwrap();
        }
        assert_eq!(who(&fixed, T0.plus_s(99)).await, Some(anna.id), "{name}");
        assert_eq!(who(&fixed, T0.plus_s(100)).await, None, "{name}: its end is not moved");
        assert_eq!(who(&one, T0.plus_s(150)).await, Some(anna.id), "{name}");
        assert_eq!(
            accounts::delete_expired_logins(&db, T0.plus_s(150)).await.unwrap(),
            2,
            "{name}"
        );
        assert_eq!(who(&two, T0).await, None, "{name}");

        accounts::delete_login(&db, &one).await.unwrap();
        assert_eq!(who(&one, T0).await, None, "{name}");
    }
}

#[tokio::test]
async fn a_role_can_be_changed() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let changed = admin::change_rights(&db, None, anna.id, Some(Role::Admin), None).await;
        assert_eq!(changed.unwrap().role, Role::Admin, "{name}");
        assert!(accounts::has_admin(&db).await.unwrap(), "{name}");
        assert!(
            admin::change_rights(&db, None, Uuid::nil(), Some(Role::Admin), None)
                .await
                .is_err(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_session_is_what_was_planned() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let session = insert_session(&db, &anna, "Discovery", T0).await;
        assert_eq!(session.plan(), plan("Discovery", T0), "{name}");
        assert_eq!(
            (session.status, session.instructor_id),
            (Status::Scheduled, anna.id),
            "{name}"
        );
        assert_eq!(
            sessions::find(&db, session.id).await.unwrap().as_ref(),
            Some(&session),
            "{name}"
        );

        let other = Plan {
            title: "Closing".into(),
            topic: None,
            phase_id: None,
            is_public: true,
            ..session.plan()
        };
        let mut tx = db.begin().await.unwrap();
        let changed = sessions::update_plan(&mut tx, session.id, &other)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(changed.plan(), other, "{name}");
        assert!(
            sessions::update_plan(&mut tx, Uuid::nil(), &other)
                .await
                .unwrap()
                .is_none(),
            "{name}"
        );
        tx.commit().await.unwrap();

        let wrong = Plan {
            phase_id: Some(5),
            ..session.plan()
        };
        let mut tx = db.begin().await.unwrap();
        assert!(
            sessions::update_plan(&mut tx, session.id, &wrong).await.is_err(),
            "{name}: phases are 1 to 4"
        );
    }
}

#[tokio::test]
async fn a_session_goes_live_once_and_ends_once() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let id = insert_session(&db, &anna, "Discovery", T0).await.id;
        let dates = EndDates::new(T0.plus_s(3600), 7);
        assert!(
            sessions::mark_ended(&db, id, dates).await.unwrap().is_none(),
            "{name}: it did not start"
        );
        let live = sessions::mark_live(&db, id, T0).await.unwrap().unwrap();
        assert_eq!((live.status, live.actual_start), (Status::Live, Some(T0)), "{name}");
        assert!(
            sessions::mark_live(&db, id, T0.plus_s(9)).await.unwrap().is_none(),
            "{name}: twice"
        );
        assert_eq!(sessions::list_live(&db).await.unwrap().len(), 1, "{name}");
        assert!(!delete(&db, id).await, "{name}: live");

        let ended = sessions::mark_ended(&db, id, dates).await.unwrap().unwrap();
        assert_eq!(ended.status, Status::Ended, "{name}");
        assert_eq!(ended.actual_end, Some(dates.ended_at), "{name}");
        assert_eq!(ended.recording_expires_at, dates.recording_expires_at, "{name}");
        let (migration,): (i64,) = db
            .one(
                "SELECT migration_scheduled_at FROM live_sessions WHERE id = $1",
                args![id],
            )
            .await
            .unwrap();
        assert_eq!(Ts(migration), dates.migration_scheduled_at, "{name}");
        assert!(
            sessions::mark_ended(&db, id, dates).await.unwrap().is_none(),
            "{name}: twice"
        );
    }
}

#[tokio::test]
async fn lists_are_in_the_promised_order() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let at = |days: i64| T0.plus_s(days * 86_400);
        for (title, days) in [
            ("later", 5),
            ("soon", 1),
            ("past", -9),
            ("older", -20),
            ("now", 0),
            ("gone", 2),
        ] {
            let session = insert_session(&db, &anna, title, at(days)).await;
            if days <= 0 {
                sessions::mark_live(&db, session.id, at(days)).await.unwrap();
            }
            if days < 0 {
                sessions::mark_ended(&db, session.id, EndDates::new(at(days), 7))
                    .await
                    .unwrap();
            }
            if title == "gone" {
                assert!(delete(&db, session.id).await, "{name}");
            }
        }
        let titles = |list: Vec<Session>| list.into_iter().map(|session| session.title).collect::<Vec<_>>();
        let list = async |status, limit| titles(find(&db, status, limit).await);
        assert_eq!(
            list(None, 10).await,
            ["now", "soon", "later", "past", "older"],
            "{name}"
        );
        assert_eq!(list(None, 2).await, ["now", "soon"], "{name}");
        assert_eq!(list(Some(Status::Ended), 10).await, ["past", "older"], "{name}");
        assert_eq!(list(Some(Status::Cancelled), 10).await, [""; 0], "{name}");
        let own = sessions::list_of_instructor(&db, anna.id, 10).await.unwrap();
        assert_eq!(titles(own), ["later", "soon", "now", "past", "older"], "{name}");
        assert!(
            sessions::list_of_instructor(&db, Uuid::nil(), 10)
                .await
                .unwrap()
                .is_empty(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_stream_key_names_one_session_until_it_is_replaced() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let session = insert_session(&db, &anna, "Discovery", T0).await;
        let of_key = async |key: &StreamKey| {
            sessions::find_by_stream_key(&db, key.expose())
                .await
                .unwrap()
                .map(|session| session.id)
        };
        assert_eq!(of_key(&session.stream_key).await, Some(session.id), "{name}");
        let key = StreamKey::random();
        let changed = sessions::set_stream_key(&db, session.id, &key).await.unwrap().unwrap();
        assert_eq!(changed.stream_key, key, "{name}");
        assert_eq!(of_key(&session.stream_key).await, None, "{name}");
        assert_eq!(of_key(&key).await, Some(session.id), "{name}");
    }
}

#[tokio::test]
async fn the_highest_number_of_viewers_stays() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let id = insert_session(&db, &anna, "Discovery", T0).await.id;
        for viewers in [3, 9, 4] {
            sessions::raise_max_viewers(&db, id, viewers).await.unwrap();
        }
        assert_eq!(sessions::find(&db, id).await.unwrap().unwrap().max_viewers, 9, "{name}");
    }
}

#[tokio::test]
async fn a_deleted_session_is_gone_but_its_media_is_remembered() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let id = insert_session(&db, &anna, "Discovery", T0).await.id;
        sessions::set_recording_available(&db, id, true).await.unwrap();
        assert!(
            sessions::find(&db, id).await.unwrap().unwrap().recording_available,
            "{name}"
        );
        assert!(delete(&db, id).await, "{name}");
        assert!(!delete(&db, id).await, "{name}: twice");
        assert!(sessions::find(&db, id).await.unwrap().is_none(), "{name}");
        assert_eq!(recordings::list_to_delete(&db).await.unwrap(), [(id,)], "{name}");
        assert!(recordings::mark_deleting(&db, id).await.unwrap(), "{name}");
        assert_eq!(
            recordings::list_to_delete(&db).await.unwrap(),
            [(id,)],
            "{name}: stopped in the middle"
        );
        recordings::mark_deleted(&db, id).await.unwrap();
        assert!(recordings::list_to_delete(&db).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn writers_at_the_same_time_wait_for_each_other() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let mut tasks = tokio::task::JoinSet::new();
        for at in 0..50 {
            let (db, anna) = (db.clone(), anna.clone());
            tasks.spawn(async move { insert_session(&db, &anna, "Discovery", T0.plus_s(at)).await.id });
        }
        let ids: HashSet<Uuid> = tasks.join_all().await.into_iter().collect();
        assert_eq!(ids.len(), 50, "{name}");
        assert_eq!(find(&db, None, 100).await.len(), 50, "{name}");
    }
}

#[tokio::test]
async fn a_recording_goes_through_its_life() {
    use RecordingState::{Deleted, Deleting, Kept, Live};
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let id = insert_session(&db, &anna, "Discovery", T0).await.id;
        let state = async || recordings::find(&db, id).await.unwrap().unwrap();
        let facts = Facts {
            bytes: 7,
            duration_us: 9,
            codecs: vec!["avc1.42e01f".into(), "vp09.00.10.08".into()],
            audio_codecs: vec!["opus".into()],
        };
        assert!(recordings::note_live(&db, id, &facts).await.unwrap(), "{name}");
        let row = state().await;
        assert_eq!(
            (row.recording_state, row.recording_bytes, row.recording_duration_us),
            (Live, 7, 9)
        );
        assert_eq!(row.recording_codecs, "avc1.42e01f vp09.00.10.08", "{name}");
        assert!(
            !recordings::note_stored(&db, id, T0).await.unwrap(),
            "{name}: it still grows"
        );
        recordings::note_whole(&db, id, &facts).await.unwrap();
        assert!(
            !recordings::note_live(&db, id, &facts).await.unwrap(),
            "{name}: it was whole before"
        );
        recordings::note_error(&db, id, "upload-failing").await.unwrap();
        assert_eq!(
            state().await.recording_error.as_deref(),
            Some("upload-failing"),
            "{name}"
        );
        recordings::note_processed(&db, id, true, None).await.unwrap();
        assert!(recordings::note_stored(&db, id, T0).await.unwrap(), "{name}");
        let row = state().await;
        assert_eq!(
            (row.recording_state, row.recording_stored_at, row.recording_error),
            (Kept, Some(T0), None)
        );
        assert!(row.recording_is_processed && row.recording_has_storyboard, "{name}");
        assert_eq!(recordings::total_bytes(&db).await.unwrap(), 7, "{name}");
        assert_eq!(recordings::list(&db, 10).await.unwrap().len(), 1, "{name}");

        assert!(recordings::mark_deleting(&db, id).await.unwrap(), "{name}");
        assert_eq!(state().await.recording_state, Deleting, "{name}");
        recordings::note_whole(&db, id, &facts).await.unwrap();
        recordings::mark_deleted(&db, id).await.unwrap();
        let row = state().await;
        assert_eq!((row.recording_state, row.recording_bytes), (Deleted, 0), "{name}");
        assert!(
            !recordings::mark_deleting(&db, Uuid::nil()).await.unwrap(),
            "{name}: no such session"
        );
    }
}

#[tokio::test]
async fn a_frame_does_not_take_the_place_of_a_given_picture() {
    for (name, db, _folder) in databases::both().await {
        let anna = insert_instructor(&db).await;
        let id = insert_session(&db, &anna, "Discovery", T0).await.id;
        let set = async |kind, at| recordings::set_thumbnail(&db, id, kind, at).await.unwrap();
        assert!(
            set(ThumbnailKind::Frame, T0).await && set(ThumbnailKind::Frame, T0.plus_s(1)).await,
            "{name}"
        );
        assert!(set(ThumbnailKind::Custom, T0.plus_s(2)).await, "{name}");
        assert!(!set(ThumbnailKind::Frame, T0.plus_s(3)).await, "{name}");
        let row = recordings::find(&db, id).await.unwrap().unwrap();
        assert_eq!(
            (row.thumbnail_kind, row.thumbnail_at),
            (ThumbnailKind::Custom, Some(T0.plus_s(2))),
            "{name}"
        );
        assert!(set(ThumbnailKind::None, T0.plus_s(4)).await, "{name}: taken away");
        assert!(set(ThumbnailKind::Frame, T0.plus_s(5)).await, "{name}");
    }
}
