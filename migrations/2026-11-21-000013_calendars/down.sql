DROP TABLE calendar_entries;
DROP TABLE calendar_busy;
DROP TABLE calendar_accounts;
