#!/bin/sh
# Makes one database for each service that has a password here, and one role that may connect to that database alone.
# The services create their own tables when they start. Runs on an empty volume, and again for a new service:
#   docker compose exec postgres sh /docker-entrypoint-initdb.d/databases.sh
set -e
for file in /run/secrets/*-password; do
  service=$(basename "$file" -password)
  [ "$service" = superuser ] && continue
  psql --username=postgres --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=service="$service" <<'SQL'
\set password `cat /run/secrets/:service-password`
-- By default, a role may connect to no database.
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'service') AS is_new \gset
\if :is_new
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
\endif
SQL
done
