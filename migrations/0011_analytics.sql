-- What is known of how sessions are watched, and the events that an outside analytics service may be sent.

-- One row per visit: a viewer's media connection, or a stretch of replay.
CREATE TABLE watch_visits (
  id         UUID   PRIMARY KEY,
  session_id UUID   NOT NULL REFERENCES live_sessions (id) ON DELETE CASCADE,
  user_id    UUID   REFERENCES users (id) ON DELETE SET NULL,   -- NULL: nobody signed in
  kind       TEXT   NOT NULL CHECK (kind IN ('live', 'replay')),
  server_id  UUID   NOT NULL,                -- which run of which server holds the connection
  began_at   BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,                -- it was still going on then
  ended_at   BIGINT,
  seconds    BIGINT NOT NULL DEFAULT 0 CHECK (seconds >= 0)     -- of playback; for a live visit set at its end
);
CREATE INDEX watch_visits_session ON watch_visits (session_id, kind, began_at);
CREATE INDEX watch_visits_user ON watch_visits (user_id, session_id);
CREATE INDEX watch_visits_open ON watch_visits (seen_at) WHERE ended_at IS NULL;
CREATE INDEX watch_visits_age ON watch_visits (began_at);

CREATE TABLE analytics_events (
  id         UUID   PRIMARY KEY,
  name       TEXT   NOT NULL,
  session_id UUID,
  user_id    UUID,
  properties TEXT   NOT NULL,                -- a JSON object
  at         BIGINT NOT NULL,
  batch      UUID                            -- what was sent to the webhook together; NULL: nothing is to be sent
);
CREATE INDEX analytics_events_batch ON analytics_events (batch);
CREATE INDEX analytics_events_age ON analytics_events (at);

CREATE TABLE reaction_counts (
  session_id UUID   NOT NULL REFERENCES live_sessions (id) ON DELETE CASCADE,
  emoji      TEXT   NOT NULL,
  count      BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (session_id, emoji)
);
