import { readFileSync } from 'node:fs';

const PAGE = 'docs/openid.md';

/** A block of code of docs/openid.md by the file name behind its language, so that what is told is what was tried. */
export function fromDocs(file: string): string {
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)];
  const found = blocks.filter(([, name]) => name === file);
  if (found.length !== 1) throw new Error(`${PAGE} has ${found.length} blocks named ${file}`);
  return found[0]?.[2] ?? '';
}

/** The same with other values. @throws Error when one of the values is not there, for then it would stay as it is told */
export function withValues(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((result, [told, used]) => {
    if (!result.includes(told)) throw new Error(`Not in the block of ${PAGE}: ${told}`);
    return result.replaceAll(told, used);
  }, text);
}
