-- What customers tell of themselves in a conversation: a lead goes over to the contact whose address they tell.
--
-- Only widens: an engine of before this migration goes on beside a newer one.

GRANT UPDATE (contact_id) ON leads TO forecourt_app;
