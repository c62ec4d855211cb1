DROP TABLE session_drafts;
DROP INDEX sessions_queue_idx;
DROP INDEX leads_assignee_idx;
ALTER TABLE leads DROP COLUMN assignee;
