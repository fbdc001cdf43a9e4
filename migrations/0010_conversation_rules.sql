-- What keeps a conversation in order: rows that writers queue for, and raised hands.

-- One row per session with messages. Its lock makes their keys and times grow in the order in which they are committed.
CREATE TABLE chat_orders (
  session_id   UUID   PRIMARY KEY REFERENCES live_sessions (id) ON DELETE CASCADE,
  last_message UUID,
  last_at      BIGINT NOT NULL DEFAULT 0
);

-- One row per user who has written. Its lock makes the limit of messages per minute exact over all sessions and servers.
CREATE TABLE chat_writers (
  user_id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX live_chat_messages_pace ON live_chat_messages (user_id, created_at);
CREATE INDEX live_chat_messages_time ON live_chat_messages (session_id, created_at);
CREATE INDEX live_chat_messages_pinned ON live_chat_messages (session_id) WHERE is_pinned;
CREATE INDEX live_chat_messages_deleted ON live_chat_messages (session_id, deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE raised_hands (
  session_id UUID   NOT NULL REFERENCES live_sessions (id) ON DELETE CASCADE,
  user_id    UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  raised_at  BIGINT NOT NULL,
  PRIMARY KEY (session_id, user_id)
);
CREATE INDEX raised_hands_user ON raised_hands (user_id);
CREATE INDEX chat_bans_user ON chat_bans (user_id);
CREATE INDEX question_votes_user ON question_votes (user_id);
