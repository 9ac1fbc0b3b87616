CREATE TABLE "pairwise_sectors" (
	"sector" text PRIMARY KEY NOT NULL,
	"salt" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "applications" ADD COLUMN "logo_uri" text;--> statement-breakpoint
ALTER TABLE "applications" ADD COLUMN "pairwise_sector" text;--> statement-breakpoint
ALTER TABLE "applications" ADD CONSTRAINT "applications_pairwise_sector_pairwise_sectors_sector_fk" FOREIGN KEY ("pairwise_sector") REFERENCES "public"."pairwise_sectors"("sector") ON DELETE no action ON UPDATE no action;