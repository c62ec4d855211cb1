-- What people write down for the assistant to say: versions, history, search, and what it lacked.
--
-- Only adds: an engine of before this migration goes on beside a newer one.

-- Words that are nearly right still find their passage. Trusted, so that the owner may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- ---- what changed, for every node ----

CREATE TABLE knowledge_versions (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT knowledge_versions_tenant_fkey REFERENCES tenants (tenant_id),
    version bigint NOT NULL
        CONSTRAINT knowledge_versions_version_check CHECK (version > 0),
    CONSTRAINT knowledge_versions_pkey PRIMARY KEY (tenant_id)
);
COMMENT ON TABLE knowledge_versions IS
    'Rises in the transaction that changes anything a tenant may say, whoever changes it: a node that remembers another version reads all anew.';

CREATE FUNCTION knowledge_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- The owner, who migrates, is in no tenant's scope: nodes read all anew when they start.
    INSERT INTO knowledge_versions (tenant_id, version)
    SELECT app_tenant(), 1 WHERE app_tenant() IS NOT NULL
    ON CONFLICT (tenant_id) DO UPDATE SET version = knowledge_versions.version + 1;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION knowledge_changed() IS 'Raises the tenant''s version of what it knows.';

-- ---- services, questions, rules ----

ALTER TABLE services
    ADD COLUMN description jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT services_description_check CHECK (jsonb_typeof(description) = 'object'),
    ADD COLUMN version bigint NOT NULL DEFAULT 1
        CONSTRAINT services_version_check CHECK (version > 0),
    ADD COLUMN updated_at timestamptz,
    ADD COLUMN deleted_at timestamptz;
COMMENT ON TABLE services IS
    'What a tenant offers by appointment. The assistant names what is active; deletes are soft: deleted_at.';
ALTER TABLE faqs
    ADD COLUMN version bigint NOT NULL DEFAULT 1
        CONSTRAINT faqs_version_check CHECK (version > 0),
    ADD COLUMN updated_at timestamptz,
    ADD COLUMN deleted_at timestamptz;
COMMENT ON TABLE faqs IS
    'Questions that customers ask, with the tenant''s answers by language. The assistant says what is active; deletes are soft: deleted_at.';

CREATE TABLE policies (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT policies_tenant_fkey REFERENCES tenants (tenant_id),
    policy_id uuid NOT NULL,
    position integer NOT NULL,
    title jsonb NOT NULL
        CONSTRAINT policies_title_check CHECK (jsonb_typeof(title) = 'object'),
    body jsonb NOT NULL
        CONSTRAINT policies_body_check CHECK (jsonb_typeof(body) = 'object'),
    keywords text[] NOT NULL
        CONSTRAINT policies_keywords_check CHECK (cardinality(keywords) <= 100),
    active boolean NOT NULL DEFAULT true,
    version bigint NOT NULL
        CONSTRAINT policies_version_check CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    deleted_at timestamptz,
    CONSTRAINT policies_pkey PRIMARY KEY (tenant_id, policy_id)
);
COMMENT ON TABLE policies IS
    'Rules of a tenant, such as returns or deposits, by language. The assistant says what is active; deletes are soft: deleted_at.';

CREATE TABLE knowledge_changes (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT knowledge_changes_tenant_fkey REFERENCES tenants (tenant_id),
    kind text NOT NULL
        CONSTRAINT knowledge_changes_kind_check
        CHECK (kind IN ('service', 'faq', 'policy', 'profile', 'hours')),
    item_id uuid NOT NULL,
    version bigint NOT NULL
        CONSTRAINT knowledge_changes_version_check CHECK (version > 0),
    action text NOT NULL
        CONSTRAINT knowledge_changes_action_check
        CHECK (action IN ('made', 'changed', 'deleted', 'restored')),
    body jsonb NOT NULL
        CONSTRAINT knowledge_changes_body_check CHECK (pg_column_size(body) <= 262144),
    member_id uuid,
    at timestamptz NOT NULL,
    CONSTRAINT knowledge_changes_pkey PRIMARY KEY (tenant_id, kind, item_id, version)
);
COMMENT ON TABLE knowledge_changes IS
    'Who changed what a tenant knows, and how it stood after: one row for each change, never changed.';
COMMENT ON COLUMN knowledge_changes.item_id IS
    'Of the service, question or rule; of the tenant for its profile and its hours.';

-- ---- websites ----

CREATE TABLE websites (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT websites_tenant_fkey REFERENCES tenants (tenant_id),
    website_id uuid NOT NULL,
    url text NOT NULL
        CONSTRAINT websites_url_check CHECK (char_length(url) BETWEEN 1 AND 2000),
    status text NOT NULL
        CONSTRAINT websites_status_check CHECK (status IN ('waiting', 'reading', 'read', 'failed')),
    pages_seen integer NOT NULL DEFAULT 0
        CONSTRAINT websites_pages_seen_check CHECK (pages_seen >= 0),
    pages_read integer NOT NULL DEFAULT 0
        CONSTRAINT websites_pages_read_check CHECK (pages_read >= 0),
    passages integer NOT NULL DEFAULT 0
        CONSTRAINT websites_passages_check CHECK (passages >= 0),
    code text
        CONSTRAINT websites_code_check CHECK (char_length(code) <= 100),
    next_at timestamptz,
    claimed_by uuid,
    claimed_until timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT websites_pkey PRIMARY KEY (tenant_id, website_id),
    CONSTRAINT websites_claim_check CHECK ((claimed_by IS NULL) = (claimed_until IS NULL))
);
COMMENT ON TABLE websites IS 'Pages of a tenant''s own that the assistant may answer from.';
COMMENT ON COLUMN websites.next_at IS 'When it is read next: at once when asked for, then each week.';
COMMENT ON COLUMN websites.code IS 'Why the last reading ended early or failed, as a short word.';
CREATE UNIQUE INDEX websites_url_key ON websites (tenant_id, url) WHERE deleted_at IS NULL;
-- For the sweep, which asks over all tenants at once what is to be read.
CREATE INDEX websites_due_idx ON websites (next_at) WHERE next_at IS NOT NULL;

-- ---- what is searched ----

CREATE TABLE passages (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT passages_tenant_fkey REFERENCES tenants (tenant_id),
    passage_id uuid NOT NULL,
    source text NOT NULL
        CONSTRAINT passages_source_check CHECK (source IN ('faq', 'policy', 'service', 'page')),
    source_id uuid NOT NULL,
    url text
        CONSTRAINT passages_url_check CHECK (char_length(url) <= 2000),
    position integer NOT NULL,
    lang text NOT NULL
        CONSTRAINT passages_lang_check CHECK (lang ~ '^[a-z]{2,3}$'),
    title text NOT NULL
        CONSTRAINT passages_title_check CHECK (char_length(title) <= 300),
    body text NOT NULL
        CONSTRAINT passages_body_check CHECK (char_length(body) BETWEEN 1 AND 4000),
    hints text NOT NULL
        CONSTRAINT passages_hints_check CHECK (char_length(hints) <= 8000),
    folded text NOT NULL
        CONSTRAINT passages_folded_check CHECK (char_length(folded) <= 20000),
    words tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(CASE lang
            WHEN 'nb' THEN to_tsvector('pg_catalog.norwegian', title || ' ' || hints)
            WHEN 'fr' THEN to_tsvector('pg_catalog.french', title || ' ' || hints)
            WHEN 'en' THEN to_tsvector('pg_catalog.english', title || ' ' || hints)
            WHEN 'ar' THEN to_tsvector('pg_catalog.arabic', title || ' ' || hints)
            ELSE to_tsvector('pg_catalog.simple', title || ' ' || hints) END, 'A')
        || setweight(CASE lang
            WHEN 'nb' THEN to_tsvector('pg_catalog.norwegian', body)
            WHEN 'fr' THEN to_tsvector('pg_catalog.french', body)
            WHEN 'en' THEN to_tsvector('pg_catalog.english', body)
            WHEN 'ar' THEN to_tsvector('pg_catalog.arabic', body)
            ELSE to_tsvector('pg_catalog.simple', body) END, 'C')
    ) STORED,
    fetched_at timestamptz NOT NULL,
    CONSTRAINT passages_pkey PRIMARY KEY (tenant_id, passage_id)
);
COMMENT ON TABLE passages IS
    'What the assistant searches: one row per language of each question, rule and service, and the passages of the tenant''s pages.';
COMMENT ON COLUMN passages.passage_id IS
    'Follows from what it was made of: what did not change keeps its id when it is written anew.';
COMMENT ON COLUMN passages.source_id IS 'Of the question, rule, service or website.';
COMMENT ON COLUMN passages.hints IS 'Keywords that point to it; searched, never shown.';
COMMENT ON COLUMN passages.folded IS
    'Title, keywords and text without case and accents, for words that are nearly right.';
CREATE INDEX passages_source_idx ON passages (tenant_id, source_id);

-- ---- what was used, and what was missing ----

CREATE TABLE knowledge_uses (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT knowledge_uses_tenant_fkey REFERENCES tenants (tenant_id),
    session_id uuid NOT NULL,
    turn_id uuid NOT NULL,
    kind text NOT NULL
        CONSTRAINT knowledge_uses_kind_check CHECK (kind IN ('passage', 'vehicle', 'service')),
    ref_id uuid NOT NULL,
    title text NOT NULL
        CONSTRAINT knowledge_uses_title_check CHECK (char_length(title) <= 300),
    excerpt text NOT NULL
        CONSTRAINT knowledge_uses_excerpt_check CHECK (char_length(excerpt) <= 600),
    source text NOT NULL
        CONSTRAINT knowledge_uses_source_check
        CHECK (source IN ('faq', 'policy', 'service', 'page', 'vehicle', 'gone')),
    url text
        CONSTRAINT knowledge_uses_url_check CHECK (char_length(url) <= 2000),
    at timestamptz NOT NULL,
    CONSTRAINT knowledge_uses_pkey PRIMARY KEY (tenant_id, session_id, turn_id, kind, ref_id)
);
COMMENT ON TABLE knowledge_uses IS
    'What an answer stood on, as it read then: what it was made of may change or go later.';

CREATE TABLE unanswered (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT unanswered_tenant_fkey REFERENCES tenants (tenant_id),
    question_id uuid NOT NULL,
    lang text NOT NULL
        CONSTRAINT unanswered_lang_check CHECK (lang ~ '^[a-z]{2,3}$'),
    key bytea NOT NULL
        CONSTRAINT unanswered_key_check CHECK (octet_length(key) = 32),
    text text NOT NULL
        CONSTRAINT unanswered_text_check CHECK (char_length(text) BETWEEN 1 AND 500),
    times integer NOT NULL
        CONSTRAINT unanswered_times_check CHECK (times > 0),
    session_id uuid NOT NULL,
    status text NOT NULL
        CONSTRAINT unanswered_status_check CHECK (status IN ('open', 'dismissed', 'answered')),
    faq_id uuid,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT unanswered_pkey PRIMARY KEY (tenant_id, question_id)
);
COMMENT ON TABLE unanswered IS
    'Questions that the assistant had no answer to, without what tells who asked; the same one is counted once more.';
COMMENT ON COLUMN unanswered.key IS
    'SHA-256 over the language and the words of the question, without case, accents and marks.';
COMMENT ON COLUMN unanswered.session_id IS 'Where it was asked last.';
CREATE UNIQUE INDEX unanswered_key ON unanswered (tenant_id, key);

-- ---- what is there already ----

-- The owner obeys the policies too, so that no row of any tenant is seen here; for the time of this
-- transaction, in which nobody else looks, it does not.
ALTER TABLE services NO FORCE ROW LEVEL SECURITY;
ALTER TABLE faqs NO FORCE ROW LEVEL SECURITY;

INSERT INTO passages (tenant_id, passage_id, source, source_id, position, lang, title, body, hints,
    folded, fetched_at)
SELECT tenant_id, md5('faq' || faq_id::text || q.key)::uuid, 'faq', faq_id, 0, q.key,
    left(q.value, 300), left(COALESCE(NULLIF(answer ->> q.key, ''), q.value), 4000),
    left(array_to_string(keywords, ' '), 8000),
    left(lower(q.value || ' ' || array_to_string(keywords, ' ') || ' ' || COALESCE(answer ->> q.key, '')), 20000),
    created_at
FROM faqs, jsonb_each_text(question) q WHERE active AND q.value <> '';

INSERT INTO passages (tenant_id, passage_id, source, source_id, position, lang, title, body, hints,
    folded, fetched_at)
SELECT tenant_id, md5('service' || service_id::text || n.key)::uuid, 'service', service_id, 0, n.key,
    left(n.value, 300), left(n.value, 4000), left(array_to_string(keywords, ' '), 8000),
    left(lower(n.value || ' ' || array_to_string(keywords, ' ')), 20000), created_at
FROM services, jsonb_each_text(name) n WHERE active AND n.value <> '';

ALTER TABLE services FORCE ROW LEVEL SECURITY;
ALTER TABLE faqs FORCE ROW LEVEL SECURITY;

-- ---- who tells ----

CREATE TRIGGER services_known AFTER INSERT OR UPDATE OR DELETE ON services
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_changed();
CREATE TRIGGER faqs_known AFTER INSERT OR UPDATE OR DELETE ON faqs
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_changed();
CREATE TRIGGER vehicles_known AFTER INSERT OR UPDATE OR DELETE ON vehicles
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_changed();
CREATE TRIGGER policies_known AFTER INSERT OR UPDATE OR DELETE ON policies
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_changed();
CREATE TRIGGER tenants_known AFTER UPDATE OF settings ON tenants
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_changed();

-- ---- whose rows, and what the roles may do ----

ALTER TABLE knowledge_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE knowledge_versions FORCE ROW LEVEL SECURITY;
ALTER TABLE policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE policies FORCE ROW LEVEL SECURITY;
ALTER TABLE knowledge_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE knowledge_changes FORCE ROW LEVEL SECURITY;
ALTER TABLE websites ENABLE ROW LEVEL SECURITY;
ALTER TABLE websites FORCE ROW LEVEL SECURITY;
ALTER TABLE passages ENABLE ROW LEVEL SECURITY;
ALTER TABLE passages FORCE ROW LEVEL SECURITY;
ALTER TABLE knowledge_uses ENABLE ROW LEVEL SECURITY;
ALTER TABLE knowledge_uses FORCE ROW LEVEL SECURITY;
ALTER TABLE unanswered ENABLE ROW LEVEL SECURITY;
ALTER TABLE unanswered FORCE ROW LEVEL SECURITY;

CREATE POLICY knowledge_versions_own ON knowledge_versions
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY policies_own ON policies
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY knowledge_changes_own ON knowledge_changes
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY websites_own ON websites
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY passages_own ON passages
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY knowledge_uses_own ON knowledge_uses
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY unanswered_own ON unanswered
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY websites_jobs ON websites FOR SELECT TO forecourt_jobs USING (true);

GRANT SELECT, INSERT, UPDATE ON knowledge_versions TO forecourt_app;
GRANT SELECT, INSERT, UPDATE ON policies TO forecourt_app;
GRANT SELECT, INSERT ON knowledge_changes TO forecourt_app;
GRANT SELECT, INSERT ON websites TO forecourt_app;
GRANT UPDATE (status, pages_seen, pages_read, passages, code, next_at, claimed_by, claimed_until,
    updated_at, deleted_at) ON websites TO forecourt_app;
GRANT SELECT, INSERT, DELETE ON passages TO forecourt_app;
GRANT SELECT, INSERT ON knowledge_uses TO forecourt_app;
GRANT SELECT, INSERT ON unanswered TO forecourt_app;
GRANT UPDATE (times, session_id, status, faq_id, last_at) ON unanswered TO forecourt_app;
GRANT SELECT (tenant_id, next_at, claimed_until) ON websites TO forecourt_jobs;
