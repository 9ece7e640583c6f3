import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Handlebars from 'handlebars';
import { type Settings, SettingsError } from '../config/settings.js';

type Values = Record<string, unknown>;

/**
 * The folder whose files replace shipped templates of this kind; undefined when there is none.
 * @throws SettingsError when `TEMPLATES_DIR` is no folder
 */
export function overridesOf({ TEMPLATES_DIR }: Settings, kind: 'mail' | 'pages'): string | undefined {
  if (TEMPLATES_DIR === undefined) return undefined;
  const root = resolve(TEMPLATES_DIR);
  if (!existsSync(root) || !statSync(root).isDirectory())
    throw new SettingsError([`TEMPLATES_DIR: ${root} is no folder`]);
  const folder = join(root, kind);
  return existsSync(folder) ? folder : undefined;
}

/**
 * Finds at the start what a person would else find in a mail: files that replace nothing, variables that the shipped template
 * does not have, in whatever branch, and what does not render.
 * @param render renders a file of the folder as it is with its overrides
 * @throws SettingsError naming all of it
 */
export function checkOverrides(
  shipped: string,
  overrides: string,
  render: (file: string, values: Values) => string,
): void {
  const files = templatesIn(shipped);
  const problems = filesIn(overrides).flatMap((file) => {
    if (!existsSync(join(shipped, file))) return [`${file} replaces nothing; there are ${filesIn(shipped).join(', ')}`];
    if (!file.endsWith('.hbs')) return [];
    try {
      const known = namesFor(file, shipped).values;
      const unknown = [...namesIn(join(overrides, file)).values].filter((name) => !known.has(name));
      return unknown.map((name) => `${file} uses {{${name}}}; there are ${[...known].sort().join(', ')}`);
    } catch (error) {
      return [`${file} cannot be read: ${(error as Error).message}`];
    }
  });
  if (problems.length === 0) {
    for (const file of files) {
      try {
        for (const values of samplesFor(file, shipped)) render(file, values);
      } catch (error) {
        problems.push(`${file} does not render: ${(error as Error).message}`);
      }
    }
  }
  if (problems.length > 0) throw new SettingsError(problems.map((problem) => `TEMPLATES_DIR: ${problem}`));
}

function filesIn(folder: string): string[] {
  const isFile = (file: string) => !/(^|[/\\])\./.test(file) && statSync(join(folder, file)).isFile();
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isFile).sort();
}

const isLayout = (file: string) => file.startsWith('layout.');
const templatesIn = (folder: string) => filesIn(folder).filter((file) => file.endsWith('.hbs') && !isLayout(file));

interface Names {
  /** As they are written: `brand.productName`. */
  readonly values: Set<string>;
  /** Those of them that are walked through by `#each`. */
  readonly lists: Set<string>;
}

/** What the shipped template knows, with the others of its mail and the layouts. */
function namesFor(file: string, shipped: string): Names {
  const layouts = filesIn(shipped).filter(isLayout);
  const beside = dirname(file) === '.' ? [file] : filesIn(shipped).filter((other) => dirname(other) === dirname(file));
  const all = [...new Set([...layouts, ...beside])].filter((name) => name.endsWith('.hbs'));
  const names = all.map((name) => namesIn(join(shipped, name)));
  return {
    values: new Set(names.flatMap(({ values }) => [...values])),
    lists: new Set(names.flatMap(({ lists }) => [...lists])),
  };
}

function namesIn(path: string): Names {
  const names: Names = { values: new Set(), lists: new Set() };
  collect(Handlebars.parse(readFileSync(path, 'utf8')), names);
  return names;
}

const BLOCK_HELPERS = new Set(['if', 'unless', 'each', 'with']);

function collect(node: unknown, names: Names): void {
  if (Array.isArray(node)) for (const item of node) collect(item, names);
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  const { type, ...parts } = node as Record<string, unknown>;
  if (type === 'PathExpression') {
    if (parts['data'] !== true && parts['original'] !== 'this') names.values.add(parts['original'] as string);
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

/** Values of every name: once something, once nothing, so that either branch is taken. */
function samplesFor(file: string, shipped: string): Values[] {
  const { values, lists } = namesFor(file, shipped);
  return ['sample', null].map((sample) => {
    const root: Values = {};
    for (const name of values) {
      const keys = name.split('.');
      const last = keys.pop() ?? name;
      let place = root;
      for (const key of keys) place = (place[key] ??= {}) as Values;
      place[last] = lists.has(name) ? [root] : sample;
    }
    return root;
  });
}
