#!/bin/sh
# Makes the user of the database that the service is; PostgreSQL's image runs this once, with a new database.
# What the user may do is given by `ladders log init --service ladders_service`.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="$POSTGRES_DB" \
    --set=password="$SERVICE_PASSWORD" <<'SQL'
CREATE ROLE ladders_service LOGIN PASSWORD :'password';
SQL
