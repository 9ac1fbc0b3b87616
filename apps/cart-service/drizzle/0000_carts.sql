CREATE TABLE "cart_lines" (
	"subject" text NOT NULL,
	"sku" text NOT NULL,
	"quantity" integer NOT NULL,
	"unit_amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "cart_lines_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	CONSTRAINT "cart_lines_subject_sku_pk" PRIMARY KEY("subject","sku"),
	CONSTRAINT "cart_lines_quantity" CHECK ("cart_lines"."quantity" between 1 and 999),
	CONSTRAINT "cart_lines_unit_amount" CHECK ("cart_lines"."unit_amount" between 0 and 10000000000),
	CONSTRAINT "cart_lines_currency" CHECK ("cart_lines"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "carts" (
	"subject" text PRIMARY KEY NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "cart_lines" ADD CONSTRAINT "cart_lines_subject_carts_subject_fk" FOREIGN KEY ("subject") REFERENCES "public"."carts"("subject") ON DELETE cascade ON UPDATE no action;