-- Who may take part in which session, and what they paid for it.

CREATE TABLE enrolments (
  id                       UUID    PRIMARY KEY,
  session_id               UUID    NOT NULL REFERENCES live_sessions (id),
  user_id                  UUID    NOT NULL REFERENCES users (id),
  -- pending: the outside token service was asked and has not answered yet
  state                    TEXT    NOT NULL CHECK (state IN ('pending', 'active', 'refunding', 'refunded')),
  tokens_paid              BIGINT  NOT NULL CHECK (tokens_paid >= 0),
  token_transaction_id     TEXT,                             -- ours, or the outside service's; NULL: it was free
  can_watch_live           BOOLEAN NOT NULL DEFAULT TRUE,
  can_watch_replay         BOOLEAN NOT NULL DEFAULT TRUE,
  replay_access_expires_at BIGINT,                           -- NULL: as long as the session's replay
  watched_live             BOOLEAN NOT NULL DEFAULT FALSE,
  watched_replay           BOOLEAN NOT NULL DEFAULT FALSE,
  last_watched_at          BIGINT,
  enrolled_at              BIGINT  NOT NULL,
  updated_at               BIGINT  NOT NULL
);
CREATE UNIQUE INDEX enrolments_once ON enrolments (session_id, user_id);
CREATE INDEX enrolments_user ON enrolments (user_id, enrolled_at);
CREATE INDEX enrolments_unsettled ON enrolments (state, updated_at) WHERE state IN ('pending', 'refunding');
