import { expect, test } from 'vitest';
import { deviceNameFrom } from '../../src/sessions/device-name.ts';

const x11 = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)';
const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)';
const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const android = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)';
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';

test.each([
  ['Chrome on Linux', `${x11} Chrome/156.0.0.0 Safari/537.36`],
  ['Chrome on Linux', `${x11} HeadlessChrome/156.0.0.0 Safari/537.36`],
  ['Chrome on Linux', `${x11} Ubuntu Chromium/120.0.0.0 Chrome/120.0.0.0 Safari/537.36`],
  ['Chrome on Windows', `${windows} Chrome/156.0.0.0 Safari/537.36`],
  ['Chrome on macOS', `${mac} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36`],
  ['Chrome on Android', `${android} Chrome/156.0.0.0 Mobile Safari/537.36`],
  ['Chrome on iOS', `${iphone} CriOS/156.0.7204.46 Mobile/15E148 Safari/604.1`],
  [
    'Chrome on ChromeOS',
    'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
  ],
  ['Edge on Windows', `${windows} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0`],
  ['Edge on Windows', `${windows} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763`],
  ['Edge on Linux', `${x11} HeadlessChrome/156.0.0.0 Safari/537.36 HeadlessEdg/156.0.0.0`],
  ['Edge on Android', `${android} Chrome/156.0.0.0 Mobile Safari/537.36 EdgA/156.0.0.0`],
  ['Edge on iOS', `${iphone} Version/18.0 EdgiOS/156.0.3351.65 Mobile/15E148 Safari/605.1.15`],
  ['Opera on Linux', `${x11} Chrome/154.0.0.0 Safari/537.36 OPR/140.0.0.0`],
  ['Opera on iOS', `${iphone} Version/18.5 Mobile/15E148 Safari/604.1 OPT/5.5.1`],
  ['Opera on Windows', 'Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18'],
  ['Samsung Internet on Android', `${android} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`],
  ['Whale on Windows', `${windows} Chrome/134.0.0.0 Whale/4.31.304.16 Safari/537.36`],
  ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['Firefox on Android', 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0'],
  ['Firefox on iOS', `${iphone} FxiOS/140.0 Mobile/15E148 Safari/605.1.15`],
  ['Safari on macOS', `${mac} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15`],
  ['Safari on iOS', `${iphone} Version/18.5 Mobile/15E148 Safari/604.1`],
  [
    'Safari on iOS',
    'Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604.1',
  ],
  [
    'Safari on iOS',
    'Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1',
  ],
  [
    'Safari on Windows',
    'Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534.57.2 (KHTML, like Gecko) Version/5.1.7 Safari/534.57.2',
  ],
  [
    'GNOME Web on Linux',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Safari/605.1.15 Epiphany/605.1.15',
  ],
  // These claim to be Safari.
  [
    'Linux',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
  ],
  ['Linux', 'Mozilla/5.0 (SMART-TV; Linux; Tizen 2.3) AppleWebKit/538.1 (KHTML, like Gecko) TV Safari/538.1'],
  [
    'Unknown device',
    'Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15',
  ],
  [
    'An app on Android',
    'Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/BP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/156.0.0.0 Mobile Safari/537.36',
  ],
  ['An app on iOS', `${iphone} Mobile/15E148`],
  [
    'Android Browser on Android',
    'Mozilla/5.0 (Linux; U; Android 4.0.3; ko-kr; LG-L160L) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30',
  ],
  [
    'KakaoTalk on Android',
    'Mozilla/5.0 (Linux; Android 14; SM-S928N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36;KAKAOTALK 2410980',
  ],
  ['KakaoTalk on iOS', `${iphone} Mobile/15E148 KAKAOTALK 11.3.5`],
  ['NAVER app on iOS', `${iphone} Mobile/15E148 NAVER(inapp; search; 2000; 12.12.50; 16PRO)`],
  ['curl', 'curl/8.5.0'],
  ['Node.js', 'node'],
  ['Node.js', 'undici'],
  ['Node.js', 'Node.js/26'],
  ['Unknown device', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'],
  ['Unknown device', 'Wget/1.21.4'],
  ['Unknown device', ''],
  ['Unknown device', undefined],
  ['Unknown device', 'x\u0000(((;'.repeat(500)],
  ['Unknown device', 'A'.repeat(2_048)],
] as const)('%s: %s', (name, userAgent) => {
  expect(deviceNameFrom(userAgent)).toBe(name);
});
