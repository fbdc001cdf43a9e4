-- What became of a session's recording, and the picture that stands for the session.

ALTER TABLE live_sessions ADD COLUMN recording_state TEXT NOT NULL DEFAULT 'none'
  CHECK (recording_state IN ('none', 'live', 'kept', 'deleting', 'deleted'));
ALTER TABLE live_sessions ADD COLUMN recording_is_processed BOOLEAN NOT NULL DEFAULT FALSE; -- what is made of it after the class is made
ALTER TABLE live_sessions ADD COLUMN recording_stored_at BIGINT;                -- all of it is in the store, and no longer here
ALTER TABLE live_sessions ADD COLUMN recording_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE live_sessions ADD COLUMN recording_duration_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE live_sessions ADD COLUMN recording_codecs TEXT NOT NULL DEFAULT '';       -- of pictures, as in RFC 6381, with spaces between
ALTER TABLE live_sessions ADD COLUMN recording_audio_codecs TEXT NOT NULL DEFAULT ''; -- of sound
ALTER TABLE live_sessions ADD COLUMN recording_has_storyboard BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE live_sessions ADD COLUMN recording_error TEXT;                      -- what cannot be done with it at present
CREATE INDEX live_sessions_recordings ON live_sessions (recording_state, actual_start);

ALTER TABLE live_sessions ADD COLUMN thumbnail_kind TEXT NOT NULL DEFAULT 'none'
  CHECK (thumbnail_kind IN ('none', 'frame', 'custom'));
ALTER TABLE live_sessions ADD COLUMN thumbnail_at BIGINT;                       -- when it was made: its address changes with it

-- Recordings from before this file: what cleaning up has left of them is played as it is.
UPDATE live_sessions SET recording_state = 'kept' WHERE recording_available AND status <> 'live';
UPDATE live_sessions SET recording_state = 'live' WHERE recording_available AND status = 'live';
