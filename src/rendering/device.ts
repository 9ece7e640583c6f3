const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

/**
 * "Firefox (Linux), 203.0.113.5": describes the origin of a request, independent of language. Only names from our own lists, since
 * the client controls the header. Null if nothing is known.
 */
export function describeOrigin(userAgent: string | null, ip: string | null): string | null {
  const { browser, system } = namesIn(userAgent);
  const device = browser && system ? `${browser} (${system})` : (browser ?? system);
  return [device, ip].filter(Boolean).join(', ') || null;
}

/** "Firefox on Linux", with names from our own lists only. Null if nothing is known. */
export function describeDevice(userAgent: string | null): string | null {
  const { browser, system } = namesIn(userAgent);
  return browser && system ? `${browser} on ${system}` : (browser ?? system ?? null);
}

function namesIn(userAgent: string | null): { browser: string | undefined; system: string | undefined } {
  const named = (list: typeof BROWSERS) => list.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1];
  return { browser: named(BROWSERS), system: named(SYSTEMS) };
}
