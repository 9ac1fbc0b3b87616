CREATE TABLE "client_statuses" (
	"client_id" text PRIMARY KEY NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	"tokens_from" timestamp (3) with time zone NOT NULL
);
