-- The order of the public list: live ones, then those to come soonest first, then the others latest first. As in
-- `sessions::store_viewers::search`, word for word, so that a page is read and not sorted.

CREATE INDEX live_sessions_listing ON live_sessions (
  (CASE status WHEN 'live' THEN 0 WHEN 'scheduled' THEN 1 ELSE 2 END),
  (CASE WHEN status IN ('live', 'scheduled') THEN scheduled_start ELSE -scheduled_start END),
  id
) WHERE deleted_at IS NULL;
