-- Which way a passage was found that an answer stood on: by its words, by its meaning, or both.
--
-- Only adds: an engine of before this migration writes uses without it.

ALTER TABLE knowledge_uses
    ADD COLUMN found_by text
        CONSTRAINT knowledge_uses_found_by_check CHECK (found_by IN ('words', 'meaning', 'both'));
COMMENT ON COLUMN knowledge_uses.found_by IS
    'Of a passage that was searched for; nothing for what was not, and before it was kept.';
