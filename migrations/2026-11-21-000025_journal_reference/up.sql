-- The journal points to its conversation no longer by a foreign key.
--
-- Each of a lead's nine events was looked up in sessions once more at the end of its commit, an eighth of what the
-- commit costs. They can only be written by the commit that writes the session's row too, under its version (A2,
-- A3); and the truth does not hang on the row that follows from it.
ALTER TABLE journal DROP CONSTRAINT journal_session_fkey;
ALTER TABLE journal DROP COLUMN of_session;
