REVOKE UPDATE (contact_id) ON leads FROM forecourt_app;
