-- Who may do what. Times are microseconds since 1970 UTC.

CREATE TABLE users (
  id            UUID   PRIMARY KEY,
  email         TEXT   NOT NULL,
  name          TEXT   NOT NULL,
  password_hash TEXT,                        -- argon2id in PHC format; NULL: signs in another way
  role          TEXT   NOT NULL CHECK (role IN ('viewer', 'instructor', 'admin')),
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (lower(email));
CREATE INDEX users_admins ON users (role) WHERE role = 'admin';

-- One row per signed-in browser. The cookie holds 32 random bytes; only their SHA-256 is here.
CREATE TABLE login_sessions (
  token_hash BYTEA  PRIMARY KEY,
  user_id    UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX login_sessions_user ON login_sessions (user_id);
CREATE INDEX login_sessions_expiry ON login_sessions (expires_at);
