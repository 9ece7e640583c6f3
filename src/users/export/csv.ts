type Cell = string | number | boolean | null;

// What spreadsheets take for a formula, also in full width (OWASP, "CSV Injection"); and what looks like one made harmless, so that an
// import, which takes one apostrophe off, gives back the same text.
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u;

/**
 * One line of CSV (RFC 4180) with its line break. A text that a spreadsheet would take for a formula gets an apostrophe before it,
 * and every text is quoted; null is empty.
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

function cellOf(value: Cell): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const harmless = FORMULA.test(value) ? `'${value}` : value;
  return `"${harmless.replaceAll('"', '""')}"`;
}
