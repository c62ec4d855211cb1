REVOKE SELECT (last_seq) ON tenants FROM forecourt_jobs;
DROP TABLE webhook_tries;
DROP TABLE webhook_calls;
DROP TABLE webhook_endpoints;
