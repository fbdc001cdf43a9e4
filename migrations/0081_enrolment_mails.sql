-- Whether somebody wants a mail about what they enrolled in.

ALTER TABLE notification_preferences ADD COLUMN enrolled BOOLEAN NOT NULL DEFAULT TRUE;
