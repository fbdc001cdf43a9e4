-- Classes: planned, live, over.

CREATE TABLE live_sessions (
  id                     UUID    PRIMARY KEY,
  title                  TEXT    NOT NULL,
  description            TEXT,
  instructor_id          UUID    NOT NULL REFERENCES users (id),
  instructor_name        TEXT    NOT NULL,

  scheduled_start        BIGINT  NOT NULL,
  duration_minutes       BIGINT  NOT NULL DEFAULT 60 CHECK (duration_minutes > 0),
  time_zone              TEXT    NOT NULL DEFAULT 'UTC',       -- IANA name in which it was planned
  actual_start           BIGINT,
  actual_end             BIGINT,
  status                 TEXT    NOT NULL DEFAULT 'scheduled'
                                 CHECK (status IN ('scheduled', 'live', 'ended', 'cancelled')),

  topic                  TEXT,
  phase_id               BIGINT  CHECK (phase_id BETWEEN 1 AND 4),
  level                  TEXT,
  thumbnail_url          TEXT,
  price_in_tokens        BIGINT  NOT NULL DEFAULT 0 CHECK (price_in_tokens >= 0),
  is_public              BOOLEAN NOT NULL DEFAULT FALSE,        -- watched without a login

  stream_key             TEXT    NOT NULL,                      -- shown again on the ingest page; never logged
  max_viewers            BIGINT  NOT NULL DEFAULT 0,
  total_enrollments      BIGINT  NOT NULL DEFAULT 0,

  recording_enabled      BOOLEAN NOT NULL DEFAULT TRUE,
  recording_available    BOOLEAN NOT NULL DEFAULT FALSE,
  recording_expires_at   BIGINT,                                -- set when the session ends
  migration_scheduled_at BIGINT,                                -- set when the session ends
  migrated_to_workout_id UUID,

  created_at             BIGINT  NOT NULL,
  updated_at             BIGINT  NOT NULL,
  deleted_at             BIGINT
);
CREATE UNIQUE INDEX live_sessions_stream_key ON live_sessions (stream_key);
CREATE INDEX live_sessions_schedule ON live_sessions (status, scheduled_start) WHERE deleted_at IS NULL;
CREATE INDEX live_sessions_instructor ON live_sessions (instructor_id, scheduled_start);
