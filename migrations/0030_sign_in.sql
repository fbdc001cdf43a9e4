-- Ways to sign in beside passwords: links by mail, and accounts elsewhere.

ALTER TABLE users ADD COLUMN email_verified_at BIGINT;  -- when the address was shown to be theirs; NULL: they only say so

-- The token in the mail is the row's key, sealed by the server: nothing here signs anybody in.
CREATE TABLE login_links (
  id         UUID   PRIMARY KEY,
  email      TEXT   NOT NULL,                           -- lower case; may have no account
  language   TEXT   NOT NULL CHECK (language IN ('en', 'nl')),
  next_path  TEXT,                                      -- where on this site the person wanted to go
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT
);
CREATE INDEX login_links_expiry ON login_links (expires_at);

-- Who somebody is elsewhere. OpenID Connect and outside tokens name a person by issuer and subject.
CREATE TABLE outside_identities (
  issuer     TEXT   NOT NULL,
  subject    TEXT   NOT NULL,
  user_id    UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX outside_identities_user ON outside_identities (user_id);
