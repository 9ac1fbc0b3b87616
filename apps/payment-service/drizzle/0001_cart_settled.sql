ALTER TABLE "payments" ADD COLUMN "cart_settled_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "payments_unsettled" ON "payments" USING btree ("subject") WHERE "payments"."cart_settled_at" is null;--> statement-breakpoint
-- What was decided before there were claims on carts has no cart to settle.
UPDATE "payments" SET "cart_settled_at" = "updated_at" WHERE "status" NOT IN ('pending', 'unknown');
