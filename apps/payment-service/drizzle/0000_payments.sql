CREATE TABLE "idempotency_keys" (
	"subject" text NOT NULL,
	"key_digest" text NOT NULL,
	"fingerprint" text NOT NULL,
	"resource_id" uuid NOT NULL,
	"running_until" timestamp (3) with time zone NOT NULL,
	"answer_status" integer,
	"answer_body" json,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_subject_key_digest_pk" PRIMARY KEY("subject","key_digest")
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"subject" text NOT NULL,
	"status" text NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"refunded" bigint DEFAULT 0 NOT NULL,
	"refunding" bigint DEFAULT 0 NOT NULL,
	"card_last4" text NOT NULL,
	"card_brand" text NOT NULL,
	"decline_reason" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "payments_status" CHECK ("payments"."status" in ('pending', 'unknown', 'succeeded', 'declined', 'partially_refunded', 'refunded')),
	CONSTRAINT "payments_amount" CHECK ("payments"."amount" between 1 and 100000000000),
	CONSTRAINT "payments_refunds_within_amount" CHECK ("payments"."refunded" >= 0 and "payments"."refunding" >= 0 and "payments"."refunded" + "payments"."refunding" <= "payments"."amount")
);
--> statement-breakpoint
CREATE TABLE "refunds" (
	"id" uuid PRIMARY KEY NOT NULL,
	"payment_id" uuid NOT NULL,
	"requested_by" text NOT NULL,
	"amount" bigint NOT NULL,
	"status" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "refunds_status" CHECK ("refunds"."status" in ('pending', 'succeeded', 'failed')),
	CONSTRAINT "refunds_amount" CHECK ("refunds"."amount" >= 1)
);
--> statement-breakpoint
CREATE TABLE "sandbox_ledger" (
	"reference" uuid PRIMARY KEY NOT NULL,
	"charge_reference" uuid,
	"outcome" text NOT NULL,
	"reason" text,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"calls" integer DEFAULT 1 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "payments_of_subject" ON "payments" USING btree ("subject","created_at","id");--> statement-breakpoint
CREATE INDEX "refunds_by_payment" ON "refunds" USING btree ("payment_id");