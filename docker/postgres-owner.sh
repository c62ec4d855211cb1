#!/bin/bash
# Runs once, in a new database container: makes the engine's owner, who is no superuser, and its database.
set -euo pipefail
psql --username postgres --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$FORECOURT_OWNER_PASSWORD" <<'SQL'
CREATE ROLE forecourt_owner LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE forecourt OWNER forecourt_owner;
SQL
