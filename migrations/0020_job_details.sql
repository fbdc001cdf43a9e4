-- What admins read of a job, and whether something outside of this server may have happened by it.

ALTER TABLE jobs ADD COLUMN summary TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN begun_at BIGINT;   -- what must not happen twice may have happened: never run again by itself
CREATE INDEX jobs_due_of_kind ON jobs (kind, run_at) WHERE state = 'ready';
CREATE INDEX jobs_over ON jobs (updated_at) WHERE state = 'done';
