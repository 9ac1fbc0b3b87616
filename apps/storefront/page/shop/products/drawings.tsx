import type { ReactNode } from 'react';
import type { Sku } from './catalogue.ts';

/** The colours are custom properties of styles/products.css, so that the drawings follow the dark theme. */
const drawings: Readonly<Record<Sku, () => ReactNode>> = {
  teapot: () => (
    <>
      <path d="M88 62c14-4 18-16 26-16 4 0 4 5 0 8-8 6-8 20-24 26z" fill="var(--clay)" />
      <path d="M34 58C14 54 12 86 38 88" fill="none" stroke="var(--clay-deep)" strokeWidth="6" />
      <path d="M28 70c0-18 14-28 32-28s32 10 32 28-14 30-32 30-32-12-32-30z" fill="var(--clay)" />
      <path d="M60 42c18 0 32 10 32 28S78 100 60 100c16-6 20-18 20-30s-6-22-20-28z" fill="var(--clay-deep)" />
      <path d="M40 45c4-8 36-8 40 0-8 5-32 5-40 0z" fill="var(--clay-deep)" />
      <circle cx="60" cy="35" r="5" fill="var(--ink-brush)" />
    </>
  ),
  'mug-blue': () => (
    <>
      <path d="M80 52c24-6 26 32-2 32" fill="none" stroke="var(--indigo-deep)" strokeWidth="7" />
      <path d="M32 40h50v46c0 8-6 14-14 14H46c-8 0-14-6-14-14z" fill="var(--indigo)" />
      <path d="M66 40h16v46c0 8-6 14-14 14h-8c5-3 6-8 6-14z" fill="var(--indigo-deep)" />
      <ellipse cx="57" cy="40" rx="25" ry="6" fill="var(--indigo-deep)" />
      <ellipse cx="57" cy="41" rx="20" ry="4" fill="var(--tea)" />
      <path
        d="M48 30c-4-6 4-8 0-14M60 28c-4-6 4-8 0-14"
        fill="none"
        stroke="var(--steam)"
        strokeWidth="3"
        strokeLinecap="round"
      />
    </>
  ),
  'tea-earl-grey': () => (
    <>
      <path d="M38 36h44v58a6 6 0 0 1-6 6H44a6 6 0 0 1-6-6z" fill="var(--moss)" />
      <path d="M68 36h14v58a6 6 0 0 1-6 6h-8z" fill="var(--moss-deep)" />
      <rect x="34" y="26" width="52" height="14" rx="4" fill="var(--brass)" />
      <path d="M70 26h12a4 4 0 0 1 4 4v6a4 4 0 0 1-4 4H70z" fill="var(--brass-deep)" />
      <rect x="44" y="54" width="30" height="28" rx="2" fill="var(--porcelain)" />
      <path
        d="M59 76c-8-4-8-14 0-18 8 4 8 14 0 18zm0 0V64"
        fill="none"
        stroke="var(--moss-deep)"
        strokeWidth="2.5"
      />
    </>
  ),
  'bowl-celadon': () => (
    <>
      <path d="M18 54h84c0 24-16 40-32 42H50C34 94 18 78 18 54z" fill="var(--celadon)" />
      <path d="M72 54h30c0 24-16 40-32 42h-8c10-8 12-24 10-42z" fill="var(--celadon-deep)" />
      <ellipse cx="60" cy="54" rx="42" ry="9" fill="var(--celadon-deep)" />
      <ellipse cx="60" cy="55" rx="36" ry="6" fill="var(--celadon)" />
      <path d="M48 94h24l2 8H46z" fill="var(--celadon-deep)" />
      <path
        d="M30 68c6 10 12 14 18 16"
        fill="none"
        stroke="var(--porcelain)"
        strokeWidth="2.5"
        strokeLinecap="round"
      />
    </>
  ),
  'kettle-copper': () => (
    <>
      <path d="M34 46C34 14 86 14 86 46" fill="none" stroke="var(--ink-brush)" strokeWidth="5" />
      <path d="M88 66l22-18 4 6-20 24z" fill="var(--copper-deep)" />
      <path d="M26 92c0-30 12-48 34-48s34 18 34 48c0 5-4 8-8 8H34c-4 0-8-3-8-8z" fill="var(--copper)" />
      <path d="M60 44c22 0 34 18 34 48 0 5-4 8-8 8H72c6-16 4-44-12-56z" fill="var(--copper-deep)" />
      <path d="M44 46c4-6 28-6 32 0-8 4-24 4-32 0z" fill="var(--copper-deep)" />
      <circle cx="60" cy="38" r="5" fill="var(--ink-brush)" />
      <path
        d="M36 86c0-12 4-22 10-28"
        fill="none"
        stroke="var(--porcelain)"
        strokeWidth="3"
        strokeLinecap="round"
        opacity=".6"
      />
    </>
  ),
  'lamp-paper': () => (
    <>
      <circle cx="60" cy="46" r="40" fill="var(--glow)" />
      <path d="M60 12c22 0 30 16 30 34S82 80 60 80 30 64 30 46s8-34 30-34z" fill="var(--paper)" />
      <path
        d="M31 38h58M30 50h60M33 62h54M38 26h44"
        stroke="var(--paper-deep)"
        strokeWidth="2.5"
        fill="none"
      />
      <path d="M50 80h20v4H50z" fill="var(--wood-deep)" />
      <path
        d="M56 84 44 106M64 84l12 22M60 84v22"
        stroke="var(--wood)"
        strokeWidth="4"
        strokeLinecap="round"
        fill="none"
      />
    </>
  ),
  'chair-oak': () => (
    <>
      <path d="M40 16v88M80 16v88" stroke="var(--wood)" strokeWidth="7" strokeLinecap="round" />
      <path d="M30 68v36M90 68v36" stroke="var(--wood-deep)" strokeWidth="7" strokeLinecap="round" />
      <rect x="36" y="18" width="48" height="12" rx="5" fill="var(--wood)" />
      <rect x="40" y="38" width="40" height="8" rx="4" fill="var(--wood-deep)" />
      <path d="M36 58h48l10 12H26z" fill="var(--linen)" />
      <path d="M26 70h68v4a3 3 0 0 1-3 3H29a3 3 0 0 1-3-3z" fill="var(--wood)" />
      <path d="M33 92h54" stroke="var(--wood-deep)" strokeWidth="4" />
    </>
  ),
  'moon-jar': () => (
    <>
      <ellipse cx="60" cy="104" rx="30" ry="4" fill="var(--shade)" />
      <path
        d="M48 20h24l4 8c16 6 24 20 24 34 0 22-16 38-28 40H48C36 100 20 84 20 62c0-14 8-28 24-34z"
        fill="var(--porcelain)"
      />
      <path
        d="M72 20l4 8c16 6 24 20 24 34 0 22-16 38-28 40h-8c14-10 20-24 20-40S76 32 64 28l-2-8z"
        fill="var(--porcelain-deep)"
      />
      <path d="M46 20h28v4H46z" fill="var(--porcelain-deep)" />
      <path
        d="M34 50c2-6 6-11 11-14"
        fill="none"
        stroke="var(--gleam)"
        strokeWidth="4"
        strokeLinecap="round"
      />
    </>
  ),
};

/** A small picture of a product. Hidden from screen readers, because the product's name is beside it. */
export function Drawing({ sku }: { sku: Sku }) {
  return (
    <svg className="drawing" viewBox="0 0 120 120" aria-hidden="true">
      {drawings[sku]()}
    </svg>
  );
}
