CREATE TABLE "service_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"jwk" jsonb NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
