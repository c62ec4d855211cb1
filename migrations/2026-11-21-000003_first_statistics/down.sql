-- Statistics go with their tables.
SELECT 1;
