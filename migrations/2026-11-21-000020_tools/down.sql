DROP TABLE tool_calls;
DROP TABLE tool_versions;
DROP TABLE tools;
