-- What the daily work did, each time that it ran.

CREATE TABLE runs (
  id          UUID   PRIMARY KEY,
  name        TEXT   NOT NULL,
  started_at  BIGINT NOT NULL,
  finished_at BIGINT,                        -- NULL: it goes on, or its server ended in the middle of it
  done        BIGINT NOT NULL DEFAULT 0,
  failed      BIGINT NOT NULL DEFAULT 0,
  error       TEXT                           -- the first of what failed
);

CREATE INDEX live_sessions_migration ON live_sessions (migration_scheduled_at)
  WHERE migrated_to_workout_id IS NULL AND deleted_at IS NULL;
