CREATE TABLE "redis_data_sets" (
	"shard" integer PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"is_first" boolean NOT NULL
);
