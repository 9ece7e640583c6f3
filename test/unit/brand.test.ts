import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadSettings } from '../../src/config/settings.js';
import { brandColors, brandOf, contrast } from '../../src/rendering/brand.js';
import { Pages } from '../../src/http/pages/pages.js';

const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`);

describe('the colour of the brand', () => {
  it('has text on it that can be read, whatever it is (WCAG 2.2, 1.4.3)', () => {
    fc.assert(
      fc.property(color, (given) => {
        const { color: ground, textColor } = brandOf(loadSettings({ BRAND_COLOR: given }));
        expect(contrast(ground, textColor)).toBeGreaterThanOrEqual(4.5);
      }),
    );
  });

  it('is darkened for what stands on white, and lightened for what stands on the dark card, as far as it takes', () => {
    fc.assert(
      fc.property(color, (given) => {
        const colors = brandColors(given);
        expect(contrast(colors['--accent-light'], '#ffffff')).toBeGreaterThanOrEqual(4.5);
        expect(contrast(colors['--accent-dark'], '#17191f')).toBeGreaterThanOrEqual(4.5);
      }),
    );
    expect(brandColors('#1f5eff')['--accent-light']).toBe('#1f5eff');
  });

  it('is measured as WCAG does', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  });

  it('is in the style sheet, with what goes with it', () => {
    const css = new Pages(loadSettings({ BRAND_COLOR: '#ffd400' })).stylesheet();
    expect(css).toMatch(/--brand: #ffd400;\n {2}--on-brand: #000000;\n {2}--accent-light: #[0-9a-f]{6};/);
  });
});
