const WIDTH = 720;
const LABELS = 250;
const BAR = 20;
const escape = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;');

/**
 * Groups of horizontal bars as an SVG, readable on light and dark.
 * @param groups `{ title, unit, bars: [{ label, value }], goal? }`, each group on a scale of its own from 0
 */
export function barChart(title, groups) {
  const parts = [];
  let y = 30;
  const text = (x, at, words, more = '') => parts.push(`<text x="${x}" y="${at}" ${more}>${escape(words)}</text>`);
  text(10, y, title, 'font-size="17" font-weight="bold"');
  for (const { title: heading, unit, bars, goal } of groups) {
    y += 40;
    const aside = [unit, goal === undefined ? '' : `goal ${goal}`].filter((words) => words !== '').join('; ');
    text(10, y, aside === '' ? heading : `${heading} (${aside})`, 'font-weight="bold"');
    const most = Math.max(...bars.map(({ value }) => value ?? 0), goal ?? 0) || 1;
    const length = (value) => Math.max(1, (value / most) * (WIDTH - LABELS - 90));
    const top = y + 6;
    for (const { label, value } of bars) {
      y += BAR + 6;
      text(LABELS - 8, y, label, 'text-anchor="end"');
      const width = length(value ?? 0).toFixed(1);
      parts.push(`<rect x="${LABELS}" y="${y - 15}" width="${width}" height="${BAR}" rx="3" fill="#4a7dff"/>`);
      text(LABELS + Number(width) + 6, y, value ?? 'none');
    }
    if (goal !== undefined) {
      const x = (LABELS + length(goal)).toFixed(1);
      parts.push(`<line x1="${x}" x2="${x}" y1="${top}" y2="${y + 8}" stroke="#d33" stroke-dasharray="4 3"/>`);
    }
  }
  const style = 'text{font:14px system-ui,sans-serif;fill:#222}@media(prefers-color-scheme:dark){text{fill:#ddd}}';
  const size = `width="${WIDTH}" height="${y + 25}" viewBox="0 0 ${WIDTH} ${y + 25}"`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escape(title)}">`;
  return `${head}\n<style>${style}</style>\n${parts.join('\n')}\n</svg>\n`;
}
