CREATE TABLE "applications" (
	"client_id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"redirect_uris" text[] NOT NULL,
	"scopes" text[] NOT NULL,
	"authentication" text NOT NULL,
	"secret_hash" text,
	"jwks_uri" text,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "consents" (
	"subject" text NOT NULL,
	"client_id" text NOT NULL,
	"scopes" text[] NOT NULL,
	"granted_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "consents_subject_client_id_pk" PRIMARY KEY("subject","client_id")
);
--> statement-breakpoint
ALTER TABLE "consents" ADD CONSTRAINT "consents_subject_accounts_id_fk" FOREIGN KEY ("subject") REFERENCES "public"."accounts"("id") ON DELETE cascade ON UPDATE no action;