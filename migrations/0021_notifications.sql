-- How people want to be told things, and the browsers that take push messages.

CREATE TABLE notification_preferences (
  user_id        UUID    PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  by_mail        BOOLEAN NOT NULL DEFAULT TRUE,
  by_push        BOOLEAN NOT NULL DEFAULT TRUE,
  by_sms         BOOLEAN NOT NULL DEFAULT FALSE,
  phone          TEXT,                                -- E.164: +31612345678
  reminder_24h   BOOLEAN NOT NULL DEFAULT TRUE,
  reminder_15m   BOOLEAN NOT NULL DEFAULT TRUE,
  new_session    BOOLEAN NOT NULL DEFAULT TRUE,
  replay_expires BOOLEAN NOT NULL DEFAULT TRUE,
  updated_at     BIGINT  NOT NULL,
  CHECK (NOT by_sms OR phone IS NOT NULL)
);

-- RFC 8030, RFC 8291. One row per browser.
CREATE TABLE push_subscriptions (
  id         UUID   PRIMARY KEY,
  user_id    UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  endpoint   TEXT   NOT NULL,
  p256dh     TEXT   NOT NULL,                         -- the browser's public key, base64url
  auth       TEXT   NOT NULL,                         -- what both know, base64url
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX push_subscriptions_endpoint ON push_subscriptions (endpoint);
CREATE INDEX push_subscriptions_user ON push_subscriptions (user_id, id);
