-- Settings that admins have changed while the server ran; they go before the file and the environment.

CREATE TABLE changed_settings (
  key        TEXT   PRIMARY KEY,             -- as in config.toml: recording.retention_days
  value      TEXT   NOT NULL,                -- a JSON value
  updated_at BIGINT NOT NULL
);
