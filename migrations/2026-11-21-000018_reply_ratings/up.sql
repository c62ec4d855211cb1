-- What members think of the assistant's replies.
--
-- Only adds: an engine of before this migration goes on beside a newer one, and shows none of them.

CREATE TABLE reply_ratings (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    message_id uuid NOT NULL,
    member_id uuid NOT NULL,
    session_id uuid NOT NULL,
    rating text NOT NULL
        CONSTRAINT reply_ratings_rating_check CHECK (rating IN ('good', 'bad')),
    reason text
        CONSTRAINT reply_ratings_reason_check CHECK (char_length(reason) BETWEEN 1 AND 500),
    at timestamptz NOT NULL,
    CONSTRAINT reply_ratings_pkey PRIMARY KEY (tenant_id, message_id, member_id),
    CONSTRAINT reply_ratings_message_fkey FOREIGN KEY (tenant_id, message_id)
        REFERENCES messages (tenant_id, message_id),
    CONSTRAINT reply_ratings_member_fkey FOREIGN KEY (tenant_id, member_id)
        REFERENCES members (tenant_id, member_id)
);
COMMENT ON TABLE reply_ratings IS
    'What members think of messages of the assistant: one rating of each member, which they may change or take back.';
COMMENT ON COLUMN reply_ratings.session_id IS 'The conversation of the message.';
COMMENT ON COLUMN reply_ratings.at IS 'When it became what it is.';
CREATE INDEX reply_ratings_session_idx ON reply_ratings (tenant_id, session_id);

-- For reports over a time, which look at the assistant's messages alone.
CREATE INDEX messages_replies_idx ON messages (tenant_id, at) WHERE author = 'assistant';

ALTER TABLE reply_ratings ENABLE ROW LEVEL SECURITY;
ALTER TABLE reply_ratings FORCE ROW LEVEL SECURITY;

CREATE POLICY reply_ratings_own ON reply_ratings
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));

GRANT SELECT, INSERT, DELETE ON reply_ratings TO forecourt_app;
GRANT UPDATE (rating, reason, at) ON reply_ratings TO forecourt_app;
