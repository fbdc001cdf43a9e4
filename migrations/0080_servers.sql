-- The servers that share this database. Work that is for one of them alone (jobs.place) waits for it.

CREATE TABLE servers (
  id      TEXT   PRIMARY KEY,                         -- the name of its data folder: jobs.place
  name    TEXT   NOT NULL,                            -- for people: machine and folder
  seen_at BIGINT NOT NULL                             -- said by itself, every half a minute
);
