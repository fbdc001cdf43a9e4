-- What users pay with. The ledger is the truth; the balance beside it is its sum and the row that writers queue for.

CREATE TABLE token_accounts (
  user_id    UUID   PRIMARY KEY REFERENCES users (id),
  balance    BIGINT NOT NULL DEFAULT 0 CHECK (balance >= 0),
  updated_at BIGINT NOT NULL
);

CREATE TABLE token_ledger (
  id              UUID   PRIMARY KEY,
  user_id         UUID   NOT NULL REFERENCES users (id),
  kind            TEXT   NOT NULL CHECK (kind IN ('grant', 'purchase', 'deduction', 'enrolment', 'refund')),
  amount          BIGINT NOT NULL CHECK (amount <> 0),         -- below zero: spent
  balance_after   BIGINT NOT NULL CHECK (balance_after >= 0),
  reason          TEXT   NOT NULL,
  metadata        TEXT   NOT NULL,                             -- a JSON object
  idempotency_key TEXT,                                        -- a retry finds the row instead of adding one
  session_id      UUID   REFERENCES live_sessions (id),
  external_id     TEXT,                                        -- the transaction in the outside token service
  actor_id        UUID,                                        -- the admin who granted it
  created_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX token_ledger_once ON token_ledger (user_id, idempotency_key);
CREATE INDEX token_ledger_user ON token_ledger (user_id, id);
CREATE INDEX token_ledger_session ON token_ledger (session_id);

-- Nothing that was booked is ever changed.
-- @sqlite CREATE TRIGGER token_ledger_kept BEFORE UPDATE ON token_ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- @sqlite CREATE TRIGGER token_ledger_stays BEFORE DELETE ON token_ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- @postgres CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation'; END $$;
-- @postgres CREATE TRIGGER token_ledger_kept BEFORE UPDATE OR DELETE ON token_ledger FOR EACH ROW EXECUTE FUNCTION refuse_change();
