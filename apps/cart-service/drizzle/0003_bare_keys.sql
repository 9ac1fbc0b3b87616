-- A key in quotes is the key that they enclose (docs/decisions/0049-one-rule-for-idempotency-keys.md). Where somebody used
-- both, the bare one stays.
UPDATE "keyed_additions" AS quoted
SET "key" = regexp_replace(substr(quoted."key", 2, length(quoted."key") - 2), '\\(["\\])', '\1', 'g')
WHERE quoted."key" ~ '^"([^"\\]|\\["\\])+"$'
  AND NOT EXISTS (
    SELECT 1
    FROM "keyed_additions" AS bare
    WHERE bare."subject" = quoted."subject"
      AND bare."key" = regexp_replace(substr(quoted."key", 2, length(quoted."key") - 2), '\\(["\\])', '\1', 'g')
  );
