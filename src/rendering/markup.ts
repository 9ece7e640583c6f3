/** Safe HTML. Only `markup` creates it. */
export class Markup {
  constructor(private readonly html: string) {}
  toString(): string {
    return this.html;
  }
}

type Part = Markup | string | number | undefined | false | readonly Part[];

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Markup) return part.toString();
  if (Array.isArray(part)) return part.map(escape).join('');
  return escapeHtml(String(part));
}

/** For element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/**
 * Template tag that escapes every value unless it is Markup already, so that escaping cannot be forgotten.
 * Values belong into element content and quoted attributes; `undefined` and `false` are left out.
 */
export function markup(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(strings.reduce((html, string, index) => html + escape(parts[index - 1]) + string));
}
