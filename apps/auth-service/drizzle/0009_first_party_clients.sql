ALTER TABLE "applications" ADD COLUMN "kind" text DEFAULT 'application' NOT NULL;--> statement-breakpoint
ALTER TABLE "applications" ADD COLUMN "max_sessions" integer;