ALTER TABLE knowledge_uses DROP COLUMN found_by;
