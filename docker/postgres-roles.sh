#!/bin/sh
# Runs once, on a new volume: creates the role that owns the schema and the role of the server. Neither is a superuser, and
# each has its own password, which is in a file.
set -e
POSTGRES_OWNER_PASSWORD=$(cat "${POSTGRES_OWNER_PASSWORD_FILE:?is missing}")
POSTGRES_SERVER_PASSWORD=$(cat "${POSTGRES_SERVER_PASSWORD_FILE:?is missing}")
: "${POSTGRES_OWNER_PASSWORD:?is empty}" "${POSTGRES_SERVER_PASSWORD:?is empty}"
# Through the environment, and not as arguments, which every process can read.
export POSTGRES_OWNER_PASSWORD POSTGRES_SERVER_PASSWORD
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password POSTGRES_OWNER_PASSWORD
\getenv server_password POSTGRES_SERVER_PASSWORD
CREATE ROLE roster_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE roster LOGIN PASSWORD :'server_password';
CREATE DATABASE roster OWNER roster_owner;
SQL
