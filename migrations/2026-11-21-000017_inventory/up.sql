-- Stock: vehicles whole, their history, files on their way in, and pictures.

ALTER TABLE vehicles
    ADD COLUMN version bigint NOT NULL DEFAULT 1
        CONSTRAINT vehicles_version_check CHECK (version > 0),
    ADD COLUMN vin text
        CONSTRAINT vehicles_vin_check CHECK (vin ~ '^[A-HJ-NPR-Z0-9]{17}$'),
    ADD COLUMN plate text
        CONSTRAINT vehicles_plate_check CHECK (char_length(plate) BETWEEN 3 AND 30),
    ADD COLUMN stock_number text
        CONSTRAINT vehicles_stock_number_check CHECK (char_length(stock_number) BETWEEN 1 AND 40),
    ADD COLUMN body text
        CONSTRAINT vehicles_body_check CHECK (body IN ('hatchback', 'saloon', 'estate', 'suv',
            'coupe', 'convertible', 'mpv', 'van', 'pickup', 'motorcycle', 'other')),
    ADD COLUMN seats smallint
        CONSTRAINT vehicles_seats_check CHECK (seats BETWEEN 1 AND 99),
    ADD COLUMN range_km integer
        CONSTRAINT vehicles_range_km_check CHECK (range_km BETWEEN 1 AND 5000),
    ADD COLUMN details jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT vehicles_details_check
        CHECK (jsonb_typeof(details) = 'object' AND pg_column_size(details) <= 262144),
    ADD COLUMN make_key text NOT NULL DEFAULT '',
    ADD COLUMN model_key text NOT NULL DEFAULT '',
    ADD COLUMN search text NOT NULL DEFAULT ''
        CONSTRAINT vehicles_search_check CHECK (char_length(search) <= 4000);
COMMENT ON COLUMN vehicles.version IS 'Raised by every change; who changes names the one they saw.';
COMMENT ON COLUMN vehicles.plate IS 'Country, then letters and digits alone: what makes it this plate.';
COMMENT ON COLUMN vehicles.details IS 'All that has no column; what has one stands here too.';
COMMENT ON COLUMN vehicles.search IS
    'What a search looks into: lower case, without accents. make_key and model_key are whole names in the same way.';

-- The owner obeys the policies too, so that no row of any tenant is seen here; for the time of this
-- transaction, in which nobody else looks, it does not.
ALTER TABLE vehicles NO FORCE ROW LEVEL SECURITY;
UPDATE vehicles SET
    make_key = translate(lower(make), 'åäáàâãöøóòôõéèêëíìîïúùûüçñš', 'aaaaaaooooooeeeeiiiiuuuucns'),
    model_key = translate(lower(model), 'åäáàâãöøóòôõéèêëíìîïúùûüçñš', 'aaaaaaooooooeeeeiiiiuuuucns'),
    search = translate(lower(concat_ws(' ', make, model, variant, year)),
        'åäáàâãöøóòôõéèêëíìîïúùûüçñš', 'aaaaaaooooooeeeeiiiiuuuucns');
ALTER TABLE vehicles FORCE ROW LEVEL SECURITY;

-- Of those in stock no two are the same.
CREATE UNIQUE INDEX vehicles_vin_key ON vehicles (tenant_id, vin) WHERE active AND vin IS NOT NULL;
CREATE UNIQUE INDEX vehicles_plate_key ON vehicles (tenant_id, plate)
    WHERE active AND plate IS NOT NULL;
CREATE UNIQUE INDEX vehicles_stock_number_key ON vehicles (tenant_id, stock_number)
    WHERE active AND stock_number IS NOT NULL;
CREATE INDEX vehicles_status_idx ON vehicles (tenant_id, active, status, position);

CREATE TABLE vehicle_imports (
    tenant_id uuid NOT NULL DEFAULT app_tenant()
        CONSTRAINT vehicle_imports_tenant_fkey REFERENCES tenants (tenant_id),
    import_id uuid NOT NULL,
    file bytea NOT NULL
        CONSTRAINT vehicle_imports_file_check CHECK (octet_length(file) <= 5242880),
    print text NOT NULL
        CONSTRAINT vehicle_imports_print_check CHECK (char_length(print) = 64),
    new_rows integer NOT NULL,
    changed_rows integer NOT NULL,
    same_rows integer NOT NULL,
    bad_rows integer NOT NULL,
    member_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    CONSTRAINT vehicle_imports_pkey PRIMARY KEY (tenant_id, import_id)
);
COMMENT ON TABLE vehicle_imports IS
    'Files of vehicles that were looked at. One that was imported keeps its figures and loses its bytes.';
COMMENT ON COLUMN vehicle_imports.print IS
    'SHA-256 of what the file would do; imported is only what was shown.';

CREATE TABLE vehicle_history (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    vehicle_id uuid NOT NULL,
    version bigint NOT NULL
        CONSTRAINT vehicle_history_version_check CHECK (version > 0),
    step jsonb NOT NULL
        CONSTRAINT vehicle_history_step_check
        CHECK (jsonb_typeof(step) = 'object' AND pg_column_size(step) <= 524288),
    member_id uuid,
    import_id uuid,
    at timestamptz NOT NULL,
    CONSTRAINT vehicle_history_pkey PRIMARY KEY (tenant_id, vehicle_id, version),
    CONSTRAINT vehicle_history_vehicle_fkey FOREIGN KEY (tenant_id, vehicle_id)
        REFERENCES vehicles (tenant_id, vehicle_id)
);
COMMENT ON TABLE vehicle_history IS
    'Who changed what of a vehicle, and when; append-only. Prices of the past are here.';

CREATE TABLE vehicle_photos (
    tenant_id uuid NOT NULL DEFAULT app_tenant(),
    photo_id uuid NOT NULL,
    vehicle_id uuid NOT NULL,
    media_type text NOT NULL
        CONSTRAINT vehicle_photos_media_type_check
        CHECK (media_type IN ('image/jpeg', 'image/png', 'image/webp')),
    body bytea NOT NULL
        CONSTRAINT vehicle_photos_body_check CHECK (octet_length(body) BETWEEN 1 AND 5242880),
    created_at timestamptz NOT NULL,
    CONSTRAINT vehicle_photos_pkey PRIMARY KEY (tenant_id, photo_id),
    CONSTRAINT vehicle_photos_vehicle_fkey FOREIGN KEY (tenant_id, vehicle_id)
        REFERENCES vehicles (tenant_id, vehicle_id)
);
COMMENT ON TABLE vehicle_photos IS 'Uploaded pictures. Their order stands in the vehicle''s details.';
CREATE INDEX vehicle_photos_vehicle_idx ON vehicle_photos (tenant_id, vehicle_id);

-- ---- whose rows, and what the roles may do ----

ALTER TABLE vehicle_imports ENABLE ROW LEVEL SECURITY;
ALTER TABLE vehicle_imports FORCE ROW LEVEL SECURITY;
ALTER TABLE vehicle_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE vehicle_history FORCE ROW LEVEL SECURITY;
ALTER TABLE vehicle_photos ENABLE ROW LEVEL SECURITY;
ALTER TABLE vehicle_photos FORCE ROW LEVEL SECURITY;

CREATE POLICY vehicle_imports_own ON vehicle_imports
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY vehicle_history_own ON vehicle_history
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));
CREATE POLICY vehicle_photos_own ON vehicle_photos
    USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()));

GRANT SELECT, INSERT, DELETE ON vehicle_imports TO forecourt_app;
GRANT UPDATE (file, new_rows, changed_rows, same_rows, bad_rows, done_at)
    ON vehicle_imports TO forecourt_app;
-- Append-only.
GRANT SELECT, INSERT ON vehicle_history TO forecourt_app;
GRANT SELECT, INSERT, DELETE ON vehicle_photos TO forecourt_app;
