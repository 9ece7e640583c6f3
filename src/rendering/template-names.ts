import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';

/** The variables of a template. */
export interface TemplateNames {
  /** As written: `brand.productName`. */
  readonly values: ReadonlySet<string>;
  /** Those iterated by `#each`. */
  readonly lists: ReadonlySet<string>;
}

type Found = Record<keyof TemplateNames, Set<string>>;

/** @throws Error if the file is not a valid template */
export function namesIn(path: string): TemplateNames {
  const names: Found = { values: new Set(), lists: new Set() };
  collect(Handlebars.parse(readFileSync(path, 'utf8')), names);
  return names;
}

export function togetherOf(names: readonly TemplateNames[]): TemplateNames {
  return {
    values: new Set(names.flatMap(({ values }) => [...values])),
    lists: new Set(names.flatMap(({ lists }) => [...lists])),
  };
}

/** Values for every name: once set, once empty, so that both branches are rendered. */
export function samplesOf({ values, lists }: TemplateNames): Record<string, unknown>[] {
  return ['sample', null].map((sample) => {
    const root: Record<string, unknown> = {};
    for (const name of values) {
      const keys = name.split('.');
      const last = keys.pop() ?? name;
      let place = root;
      for (const key of keys) {
        // A template may ask whether a group is there before it looks into it.
        if (typeof place[key] !== 'object' || place[key] === null) place[key] = {};
        place = place[key] as Record<string, unknown>;
      }
      if (lists.has(name)) place[last] = [root];
      else if (typeof place[last] !== 'object' || place[last] === null) place[last] = sample;
    }
    return root;
  });
}

const BLOCK_HELPERS = new Set(['if', 'unless', 'each', 'with']);

function collect(node: unknown, names: Found): void {
  if (Array.isArray(node)) for (const item of node) collect(item, names);
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  const { type, ...parts } = node as Record<string, unknown>;
  if (type === 'PathExpression') {
    // What an item of a list asks of the page around it is a value of the page.
    const name = (parts['original'] as string).replace(/^(?:\.\.\/)+/, '');
    if (parts['data'] !== true && name !== 'this') names.values.add(name);
    return;
  }
  const called = (parts['path'] as { original?: string } | undefined)?.original ?? '';
  if (type === 'BlockStatement' && called === 'each') {
    names.lists.add((parts['params'] as { original: string }[])[0]?.original ?? '');
  }
  if (type === 'BlockStatement' && BLOCK_HELPERS.has(called)) delete parts['path'];
  // The names of partials, not of values.
  if (type === 'PartialStatement' || type === 'PartialBlockStatement') delete parts['name'];
  if (type === 'DecoratorBlock') delete parts['path'];
  for (const part of Object.values(parts)) collect(part, names);
}
