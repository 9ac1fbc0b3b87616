import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import optimizeLocales from '@react-aria/optimize-locales-plugin';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

export default defineConfig({
  root: join(import.meta.dirname, 'page'),
  plugins: [
    react(),
    // Of the component library's own texts those in the page's languages alone.
    optimizeLocales.vite({ locales: ['en-US', 'ko-KR'] }),
    compressedFiles(),
  ],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    // The content security policy allows nothing inline: every script, style and image is a file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2024',
  },
});

/** Writes each text file's compressed forms beside it, so that the server has nothing to compress. */
function compressedFiles(): Plugin {
  let directory = '';
  return {
    name: 'compressed-files',
    apply: 'build',
    configResolved: ({ root, build }) => {
      directory = resolve(root, build.outDir);
    },
    writeBundle: () => {
      const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
      // The page itself is written anew for each answer.
      for (const name of names.filter((each) => /\.(js|css|svg)$/.test(each))) {
        const file = join(directory, name);
        const contents = readFileSync(file);
        writeFileSync(`${file}.br`, brotliCompressSync(contents));
        writeFileSync(`${file}.gz`, gzipSync(contents, { level: 9 }));
      }
    },
  };
}
