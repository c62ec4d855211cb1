DROP TABLE tenant_settings;
ALTER TABLE journal DROP COLUMN cause;
