-- What people say in a session: chat, polls, questions. Then the catalogue, and the work that is done later.

CREATE TABLE live_chat_messages (
  id         UUID    PRIMARY KEY,            -- version 7: the order of the conversation
  session_id UUID    NOT NULL REFERENCES live_sessions (id) ON DELETE CASCADE,
  user_id    UUID    NOT NULL REFERENCES users (id),
  message    TEXT    NOT NULL,
  is_host    BOOLEAN NOT NULL DEFAULT FALSE,
  is_pinned  BOOLEAN NOT NULL DEFAULT FALSE,
  created_at BIGINT  NOT NULL,
  deleted_at BIGINT,
  deleted_by UUID
);
CREATE INDEX live_chat_messages_session ON live_chat_messages (session_id, id);
CREATE INDEX live_chat_messages_user ON live_chat_messages (user_id, session_id);

CREATE TABLE chat_bans (
  session_id UUID   NOT NULL REFERENCES live_sessions (id) ON DELETE CASCADE,
  user_id    UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind       TEXT   NOT NULL CHECK (kind IN ('mute', 'ban')),
  created_by UUID   NOT NULL,
  created_at BIGINT NOT NULL,
  until_at   BIGINT,                         -- NULL: for the whole session
  PRIMARY KEY (session_id, user_id)
);

CREATE TABLE live_polls (
  id         UUID    PRIMARY KEY,
  session_id UUID    NOT NULL REFERENCES live_sessions (id) ON DELETE CASCADE,
  question   TEXT    NOT NULL,
  is_active  BOOLEAN NOT NULL DEFAULT TRUE,
  created_by UUID    NOT NULL REFERENCES users (id),
  created_at BIGINT  NOT NULL,
  updated_at BIGINT  NOT NULL
);
CREATE INDEX live_polls_session ON live_polls (session_id, id);

CREATE TABLE live_poll_options (
  id          UUID   PRIMARY KEY,
  poll_id     UUID   NOT NULL REFERENCES live_polls (id) ON DELETE CASCADE,
  position    BIGINT NOT NULL,
  option_text TEXT   NOT NULL,
  vote_count  BIGINT NOT NULL DEFAULT 0 CHECK (vote_count >= 0)
);
CREATE UNIQUE INDEX live_poll_options_order ON live_poll_options (poll_id, position);
CREATE UNIQUE INDEX live_poll_options_poll ON live_poll_options (poll_id, id);

CREATE TABLE live_poll_votes (
  poll_id    UUID   NOT NULL REFERENCES live_polls (id) ON DELETE CASCADE,
  user_id    UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  option_id  UUID   NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (poll_id, user_id),            -- one vote per user and poll
  FOREIGN KEY (poll_id, option_id) REFERENCES live_poll_options (poll_id, id) ON DELETE CASCADE
);

CREATE TABLE questions (
  id          UUID   PRIMARY KEY,
  session_id  UUID   NOT NULL REFERENCES live_sessions (id) ON DELETE CASCADE,
  user_id     UUID   NOT NULL REFERENCES users (id),
  question    TEXT   NOT NULL,
  answered_at BIGINT,
  deleted_at  BIGINT,
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL
);
CREATE INDEX questions_session ON questions (session_id, id);

CREATE TABLE question_votes (
  question_id UUID   NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
  user_id     UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at  BIGINT NOT NULL,
  PRIMARY KEY (question_id, user_id)         -- one vote per user and question
);

CREATE TABLE workouts (
  id               UUID   PRIMARY KEY,
  title            TEXT   NOT NULL,
  description      TEXT,
  duration_minutes BIGINT NOT NULL,
  thumbnail_url    TEXT,
  playback_id      UUID   NOT NULL,          -- the session whose recording it plays
  created_at       BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX workouts_playback ON workouts (playback_id); -- a session moves once

CREATE TABLE jobs (
  id           UUID   PRIMARY KEY,
  kind         TEXT   NOT NULL,
  payload      TEXT   NOT NULL,              -- a JSON object
  unique_key   TEXT,                         -- the same work is never wanted twice
  state        TEXT   NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead')),
  attempts     BIGINT NOT NULL DEFAULT 0,
  run_at       BIGINT NOT NULL,
  locked_until BIGINT,
  last_error   TEXT,
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX jobs_once ON jobs (unique_key);
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'ready';
CREATE INDEX jobs_running ON jobs (locked_until) WHERE state = 'running';
