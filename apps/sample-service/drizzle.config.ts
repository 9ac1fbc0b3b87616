import { defineConfig } from 'drizzle-kit';

// pnpm exec drizzle-kit generate: writes the next migration after a change of the schema.
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/database/schema.ts',
  out: './drizzle',
});
