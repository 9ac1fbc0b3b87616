/** The first match wins, because nearly every browser also claims to be Chrome and Safari. */
const browsers: readonly [RegExp, string][] = [
  [/\bKAKAOTALK\b/i, 'KakaoTalk'],
  [/\bNAVER\(/, 'NAVER app'],
  [/\bWhale\//, 'Whale'],
  [/(?:\b|Headless)Edg(?:e|A|iOS)?\//, 'Edge'],
  [/\bEpiphany\//, 'GNOME Web'],
  [/\bOP(?:R|X|T|iOS)\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/; wv\)/, 'An app'],
  [/(?:\b|Headless)(?:Chrome|Chromium|CriOS)\//, 'Chrome'],
  [/\bAndroid\b.*\bVersion\//, 'Android Browser'],
  // Other browsers with Safari's engine, on Linux, television sets and consoles, claim to be Safari.
  [/\b(?:Macintosh|Windows|iPhone|iPad)\b.*\bSafari\//, 'Safari'],
  [/\b(?:iPhone|iPad)\b.*\bAppleWebKit\//, 'An app'],
  [/^curl\//, 'curl'],
  [/^(?:node|undici)\b/i, 'Node.js'],
];

const systems: readonly [RegExp, string][] = [
  [/\b(?:iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\b(?:Mac OS X|Macintosh)\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** No browser's User-Agent is longer. */
const maxCharacters = 1_024;

/**
 * A name by which a person recognises a device in a list, such as "Firefox on Linux". It is only a hint, because the
 * sender chooses the header. An iPad that requests desktop pages claims to be a Mac.
 */
export function deviceNameFrom(userAgent: string | undefined): string {
  const text = userAgent?.slice(0, maxCharacters) ?? '';
  const browser = find(browsers, text);
  const system = find(systems, text);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? 'Unknown device';
}

function find(table: readonly [RegExp, string][], text: string): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}
