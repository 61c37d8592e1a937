#!/bin/sh
# Runs once, when the database is made: one role that migrates, one that runs, one database.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --set owner="$EDGEWISE_OWNER_PASSWORD" --set app="$EDGEWISE_APP_PASSWORD" <<'SQL'
CREATE ROLE edgewise_owner LOGIN PASSWORD :'owner';
CREATE ROLE edgewise_app LOGIN PASSWORD :'app';
CREATE DATABASE edgewise OWNER edgewise_owner;
SQL
