DROP TABLE staff_sessions;
DROP TABLE members;
DROP TABLE tenants;
DROP TABLE platform_settings;
DROP FUNCTION app_tenant_slug();
DROP FUNCTION app_tenant();
