CREATE TABLE "checkouts" (
	"subject" text NOT NULL,
	"id" uuid NOT NULL,
	"status" text NOT NULL,
	"lines" jsonb NOT NULL,
	"claimed_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "checkouts_subject_id_pk" PRIMARY KEY("subject","id"),
	CONSTRAINT "checkouts_status" CHECK ("checkouts"."status" in ('open', 'completed', 'released'))
);
--> statement-breakpoint
CREATE TABLE "keyed_additions" (
	"subject" text NOT NULL,
	"key" text NOT NULL,
	"sku" text NOT NULL,
	"quantity" integer NOT NULL,
	"unit_amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"refusal" text,
	"line_quantity" integer,
	"line_created" boolean NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "keyed_additions_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	CONSTRAINT "keyed_additions_subject_key_pk" PRIMARY KEY("subject","key"),
	CONSTRAINT "keyed_additions_outcome" CHECK (("keyed_additions"."refusal" is null) = ("keyed_additions"."line_quantity" is not null))
);
--> statement-breakpoint
CREATE UNIQUE INDEX "checkouts_one_open" ON "checkouts" USING btree ("subject") WHERE "checkouts"."status" = 'open';--> statement-breakpoint
CREATE INDEX "keyed_additions_age" ON "keyed_additions" USING btree ("subject","position");