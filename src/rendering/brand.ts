import type { Settings } from '../config/settings.js';

/** Branding of mails and pages. */
export interface Brand {
  readonly productName: string;
  /** Background colour of buttons. */
  readonly color: string;
  /** Text colour on it: white if the contrast suffices, else black. */
  readonly textColor: string;
  readonly logoUrl: string | null;
  readonly supportEmail: string | null;
}

export function brandOf(settings: Settings): Brand {
  return {
    productName: settings.PRODUCT_NAME,
    color: settings.BRAND_COLOR,
    textColor: textOn(settings.BRAND_COLOR),
    logoUrl: settings.LOGO_URL ?? null,
    supportEmail: settings.SUPPORT_EMAIL ?? null,
  };
}

const WHITE = '#ffffff';
const BLACK = '#000000';
// The cards of the pages, with icons and outlines in the brand colour.
const DARK_CARD = '#17191f';

/** WCAG 2.2, 1.4.3: contrast of text. White or black reaches it on any colour. */
const READABLE = 4.5;

function textOn(color: string): string {
  return contrast(color, WHITE) >= READABLE ? WHITE : BLACK;
}

/** The brand colours for the style sheet of the pages: darkened for light mode, lightened for dark mode, as far as contrast needs it. */
export function brandColors(
  color: string,
): Record<'--brand' | '--on-brand' | '--accent-light' | '--accent-dark', string> {
  return {
    '--brand': color,
    '--on-brand': textOn(color),
    '--accent-light': towards(color, BLACK, WHITE),
    '--accent-dark': towards(color, WHITE, DARK_CARD),
  };
}

/** The colour, mixed with as much of `other` as readability on `ground` needs. */
function towards(color: string, other: string, ground: string): string {
  const shares = Array.from({ length: 20 }, (_, step) => step / 20);
  const mixed = shares.map((share) => mix(color, other, share));
  return mixed.find((candidate) => contrast(candidate, ground) >= READABLE) ?? other;
}

function mix(color: string, other: string, share: number): string {
  const theirs = channels(other);
  const parts = channels(color).map((part, index) => Math.round(part + ((theirs[index] ?? 0) - part) * share));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** From 1 (the same) to 21 (black and white): the contrast ratio of WCAG 2.2. */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = channels(color).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channels(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}
