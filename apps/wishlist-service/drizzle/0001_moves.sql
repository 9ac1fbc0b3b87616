ALTER TABLE "wishlist_items" ADD COLUMN "move_id" uuid;--> statement-breakpoint
ALTER TABLE "wishlist_items" ADD COLUMN "move_quantity" integer;--> statement-breakpoint
ALTER TABLE "wishlist_items" ADD COLUMN "move_unit_amount" bigint;--> statement-breakpoint
ALTER TABLE "wishlist_items" ADD COLUMN "move_currency" text;--> statement-breakpoint
ALTER TABLE "wishlist_items" ADD CONSTRAINT "wishlist_items_move" CHECK (num_nulls("wishlist_items"."move_id", "wishlist_items"."move_quantity", "wishlist_items"."move_unit_amount", "wishlist_items"."move_currency") in (0, 4));