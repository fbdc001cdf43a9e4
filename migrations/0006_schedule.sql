-- The rest of a session's plan; series of them; reminders and follows.

CREATE TABLE session_series (
  id               UUID   PRIMARY KEY,
  instructor_id    UUID   NOT NULL REFERENCES users (id),
  rule             TEXT   NOT NULL,          -- RRULE of RFC 5545, without the name
  first_start      TEXT   NOT NULL,          -- local time of the first one: 2026-03-25T14:00:00
  time_zone        TEXT   NOT NULL,          -- IANA name: the local time is the same before and after a clock change
  plan             TEXT   NOT NULL,          -- a JSON object: what each session is planned with
  planned_until    BIGINT NOT NULL,          -- sessions that start before this moment have their rows
  ended_at         BIGINT,                   -- no more are planned
  created_at       BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL
);
CREATE INDEX session_series_open ON session_series (planned_until) WHERE ended_at IS NULL;
CREATE INDEX session_series_instructor ON session_series (instructor_id, created_at);

ALTER TABLE live_sessions ADD COLUMN series_id UUID REFERENCES session_series (id);
ALTER TABLE live_sessions ADD COLUMN occurrence_start BIGINT;                            -- where the series had it
ALTER TABLE live_sessions ADD COLUMN sequence BIGINT NOT NULL DEFAULT 0;                 -- RFC 5545 section 3.8.7.4
ALTER TABLE live_sessions ADD COLUMN is_open_to_subscribers BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE live_sessions ADD COLUMN goes_live_with_media BOOLEAN NOT NULL DEFAULT TRUE; -- or only by the button
ALTER TABLE live_sessions ADD COLUMN is_kept_for_catalogue BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE live_sessions ADD COLUMN cancelled_at BIGINT;
CREATE UNIQUE INDEX live_sessions_occurrence ON live_sessions (series_id, occurrence_start);
CREATE INDEX live_sessions_expiry ON live_sessions (recording_expires_at) WHERE recording_available;

CREATE TABLE live_session_reminders (
  id         UUID   PRIMARY KEY,
  session_id UUID   NOT NULL REFERENCES live_sessions (id) ON DELETE CASCADE,
  user_id    UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX live_session_reminders_once ON live_session_reminders (session_id, user_id);
CREATE INDEX live_session_reminders_user ON live_session_reminders (user_id);

CREATE TABLE instructor_follows (
  user_id       UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  instructor_id UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at    BIGINT NOT NULL,
  PRIMARY KEY (user_id, instructor_id)
);
CREATE INDEX instructor_follows_instructor ON instructor_follows (instructor_id);
