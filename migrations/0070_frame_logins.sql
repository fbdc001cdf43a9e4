-- A login inside a frame of an embedding site ends at its hour, used or not.

ALTER TABLE login_sessions ADD COLUMN has_fixed_end BOOLEAN NOT NULL DEFAULT FALSE;
