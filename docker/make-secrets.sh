#!/bin/sh
# Makes what is missing of the secrets that docker-compose.yml hands to its containers, one file each, in ./secrets (or the folder
# that is given). What is there stays as it is. Values that an older installation has in .env are taken over.
set -eu
umask 077
cd "$(dirname "$0")/.."
folder=${1:-secrets}
mkdir -p "$folder"
# Closed to other users of this machine by the folder, since containers read the files under ids of their own.
chmod 700 "$folder"

random() {
  od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

# given NAME: its value in .env as Compose reads it, without quotes, a comment behind it, or the line ends of Windows; nothing where
# there is none.
given() {
  [ -f .env ] || return 0
  tr -d '\r' <.env | sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" | tail -n 1 | sed \
    -e "s/^\"\([^\"]*\)\"[[:space:]]*\(#.*\)\{0,1\}\$/\1/" -e t \
    -e "s/^'\([^']*\)'[[:space:]]*\(#.*\)\{0,1\}\$/\1/" -e t \
    -e "s/^\([\"']\)\(.*\)\1\$/\2/" -e t \
    -e 's/[[:space:]]#.*$//'
}

# Lines of .env that say what a file says now. Roster refuses a secret that is given twice.
taken=''

# secret FILE NAME DEFAULT
secret() {
  file=$folder/$1
  value=$(given "$2")
  [ -z "$value" ] || taken="$taken $2"
  [ ! -e "$file" ] || return 0
  printf '%s\n' "${value:-$3}" >"$file.new"
  chmod 644 "$file.new"
  mv "$file.new" "$file"
  echo "made $file"
}

held() {
  cat "$folder/$1"
}

secret secret-key SECRET_KEY "$(random 48)"
secret admin-password ADMIN_PASSWORD "$(random 12)"
secret metrics-token METRICS_TOKEN "$(random 32)"
secret smtp-url SMTP_URL smtp://mailpit:1025
secret postgres-password POSTGRES_PASSWORD "$(random 24)"
secret postgres-owner-password POSTGRES_OWNER_PASSWORD "$(random 24)"
secret postgres-server-password POSTGRES_SERVER_PASSWORD "$(random 24)"
secret database-url DATABASE_URL "postgres://roster:$(held postgres-server-password)@postgres:5432/roster"
secret migration-database-url MIGRATION_DATABASE_URL "postgres://roster_owner:$(held postgres-owner-password)@postgres:5432/roster"
secret pgadmin-password PGADMIN_PASSWORD "$(random 12)"
secret grafana-password GRAFANA_PASSWORD "$(random 12)"
password=$(random 24)
# Both or neither: they hold the same password.
if [ ! -e "$folder/amqp-url" ] || [ ! -e "$folder/rabbitmq.conf" ]; then rm -f "$folder/amqp-url" "$folder/rabbitmq.conf"; fi
secret amqp-url '' "amqp://roster:$password@rabbitmq"
secret rabbitmq.conf '' "default_user = roster
default_pass = $password"

if [ -n "$taken" ]; then
  echo "Remove these lines from .env, whose values are in $folder:$taken"
fi
