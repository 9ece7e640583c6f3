#!/bin/sh
# Run once, when the volume is new: the role that owns the schema and the one that the server works as. Neither is a superuser.
set -e
psql --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE roster_owner LOGIN PASSWORD :'password';
CREATE ROLE roster LOGIN PASSWORD :'password';
CREATE DATABASE roster OWNER roster_owner;
SQL
