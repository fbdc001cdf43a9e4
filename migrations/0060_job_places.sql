-- Work that only one server can do, because what it is about is on its disk: the name of its data folder.

ALTER TABLE jobs ADD COLUMN place TEXT;
