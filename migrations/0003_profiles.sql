-- What an account has beside its login, what its browsers are called, and who did what.

ALTER TABLE users ADD COLUMN tier TEXT NOT NULL DEFAULT 'free'
  CHECK (tier IN ('free', 'subscriber', 'pro', 'team'));
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'nl'));
ALTER TABLE users ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC';             -- IANA name
ALTER TABLE users ADD COLUMN calendar_version BIGINT NOT NULL DEFAULT 0;        -- a new one voids the feed's address
ALTER TABLE users ADD COLUMN deleted_at BIGINT;                                 -- the person is gone; what is owed stays
CREATE INDEX users_created ON users (created_at, id);

ALTER TABLE login_sessions ADD COLUMN user_agent TEXT;
ALTER TABLE login_sessions ADD COLUMN address TEXT;

-- Rows are only added; the actor may be gone. NULL: the server itself, or its command line.
CREATE TABLE audit_log (
  id         UUID   PRIMARY KEY,
  at         BIGINT NOT NULL,
  actor_id   UUID,
  action     TEXT   NOT NULL,                -- for example user.role
  subject_id UUID,                           -- what it was done to
  detail     TEXT   NOT NULL,                -- a JSON object
  address    TEXT
);
CREATE INDEX audit_log_subject ON audit_log (subject_id, id);
CREATE INDEX audit_log_actor ON audit_log (actor_id, id);
