-- Two roles for the database of one service: :owner owns the tables and migrates them, :service reads and writes rows.
-- Run it as a superuser once both roles exist, on an empty database or on one that the service has migrated itself:
--   psql --dbname=cart --set=service=cart --set=owner=cart_owner --file=roles.sql
REASSIGN OWNED BY :"service" TO :"owner";
ALTER DATABASE :"DBNAME" OWNER TO :"owner";
GRANT CONNECT ON DATABASE :"DBNAME" TO :"service";
CREATE SCHEMA IF NOT EXISTS drizzle AUTHORIZATION :"owner";
GRANT USAGE ON SCHEMA public, drizzle TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"service";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :"service";
GRANT SELECT ON ALL TABLES IN SCHEMA drizzle TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA drizzle GRANT SELECT ON TABLES TO :"service";
