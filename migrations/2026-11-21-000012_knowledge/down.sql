DROP TRIGGER tenants_known ON tenants;
DROP TRIGGER vehicles_known ON vehicles;
DROP TRIGGER faqs_known ON faqs;
DROP TRIGGER services_known ON services;
DROP TABLE unanswered;
DROP TABLE knowledge_uses;
DROP TABLE passages;
DROP TABLE websites;
DROP TABLE knowledge_changes;
DROP TABLE policies;
DROP FUNCTION knowledge_changed();
DROP TABLE knowledge_versions;

-- What an older engine would still say.
ALTER TABLE services NO FORCE ROW LEVEL SECURITY;
ALTER TABLE faqs NO FORCE ROW LEVEL SECURITY;
UPDATE services SET active = false WHERE deleted_at IS NOT NULL;
UPDATE faqs SET active = false WHERE deleted_at IS NOT NULL;
ALTER TABLE services FORCE ROW LEVEL SECURITY;
ALTER TABLE faqs FORCE ROW LEVEL SECURITY;
ALTER TABLE faqs DROP COLUMN deleted_at, DROP COLUMN updated_at, DROP COLUMN version;
ALTER TABLE services
    DROP COLUMN deleted_at, DROP COLUMN updated_at, DROP COLUMN version, DROP COLUMN description;
COMMENT ON TABLE services IS
    'What a tenant offers by appointment. Deletes are soft: active = false.';
COMMENT ON TABLE faqs IS
    'Questions that customers ask, with the tenant''s answers by language. Deletes are soft: active = false.';

DROP EXTENSION pg_trgm;
