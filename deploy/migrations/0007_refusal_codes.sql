-- The code of the reason why a request failed. Entries of a Worker that does not know codes have none.
ALTER TABLE log ADD COLUMN code TEXT;
