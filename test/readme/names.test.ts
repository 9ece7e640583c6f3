import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';

const read = (file: string) => readFileSync(join(PACKAGE_ROOT, file), 'utf8');
const find = (...patterns: string[]) => patterns.flatMap((pattern) => globSync(pattern, { cwd: PACKAGE_ROOT })).sort();

// What was released is described in the names of its time, so CHANGELOG.md is not among them.
const PAGES = find('README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/*.md', 'docs/adr/*.md');
const DECISIONS = find('docs/adr/[0-9]*.md').map((file) => file.replace(/^docs\/adr\/(\d{4})-.*$/, '$1'));

const FOLDERS = [
  'src',
  'test',
  'migrations',
  'templates',
  'nginx',
  'docker',
  'monitoring',
  'bench',
  'docs',
  'scripts',
  '.ci',
  '.github',
];
const FILES = [
  ...find('*', '.*', ...FOLDERS.map((folder) => `${folder}/**/*`)),
  ...find('console/*', 'console/{src,test}/**/*'),
  ...globSync('examples/**/*', { cwd: PACKAGE_ROOT, exclude: (name) => name === 'node_modules' }),
];
const PATHS = new Set(FILES);

/** The text of the file that exports a name, by that name. A migration is called by its name without the time. */
const EXPORTS = new Map<string, string>();
for (const file of find('src/**/*.ts', 'migrations/*.ts', 'console/src/**/*.{ts,tsx}')) {
  const text = read(file);
  const names = text.matchAll(/^export (?:abstract |async )*(?:class|interface|type|enum|const|function) (\w+)/gm);
  for (const [, name = ''] of names) EXPORTS.set(name.replace(/\d{13}$/, ''), text);
}
// What an embedding application imports by another name than the one inside.
for (const [, inside = '', outside = ''] of read('src/index.ts').matchAll(/(\w+) as (\w+)/g)) {
  EXPORTS.set(outside, EXPORTS.get(inside) ?? '');
}

/** Every word of the code: what a page calls by the name of a function or a field stands somewhere in it. */
const CODE = new Set(
  find(
    'src/**/*.ts',
    'migrations/*.ts',
    'console/src/**/*.{ts,tsx}',
    'test/**/*.ts',
    'bench/*.mjs',
    'package.json',
  ).flatMap((file) => read(file).match(/\w+/g) ?? []),
);

// Names that are not ours: of JavaScript and Node, of packages, of PostgreSQL, of HTTP and of Unicode.
const OF_OTHERS = new Set(
  `idleTimeout maxQueue niceIncrement taskQueue
   AbortSignal BlockList Error KeyObject TypeError
   AuthGuard DataSource HttpAdapterHost HttpException ModulesContainer NestFactory TypeOrmModule UnknownDependenciesException
   DateStyle Authorization Location Bidi_Control Default_Ignorable_Code_Point`.split(/\s+/),
);
// Values that begin with a capital, as a class does.
const VALUES = new Set(['Roster', 'Dockerfile']);

interface Page {
  /** Without its blocks of code. */
  readonly prose: string;
  /** Pictures in text. */
  readonly pictures: string;
}

function pageOf(file: string): Page {
  const text = read(file);
  return {
    prose: text.replace(/^```[^]*?^```$/gm, ''),
    pictures: [...text.matchAll(/^```text\n([^]*?)^```$/gm)].map(([, block = '']) => block).join('\n'),
  };
}

/** What stands in backticks, unless "then" says that it was the name at the time: "then `OldName`". */
function quoted({ prose }: Page): string[] {
  return [...prose.matchAll(/(\bthen )?`([^`\n]+)`/g)].filter(([, then]) => !then).map(([, , name = '']) => name);
}

/** Whether a class, or a member of one (`UserStore.commit`), is in the code. */
function isInCode(name: string): boolean {
  const [owner = '', member] = name.replace(/\(.*$/, '').split('.');
  if (OF_OTHERS.has(owner) || VALUES.has(owner)) return true;
  const text = EXPORTS.get(owner);
  return text !== undefined && (member === undefined || new RegExp(`\\b${member}\\b`).test(text));
}

/** What the reader of a page makes. */
const MADE = ['docker-compose.override.yml', 'tls/server.conf'];

function isThere(path: string): boolean {
  const plain = path.replace(/\/$/, '');
  return MADE.includes(plain) || PATHS.has(plain) || FILES.some((file) => file.endsWith(`/${plain}`));
}

/** `<name>`, `{a,b}` and `...` stand for several; a path that begins with `/` is one of the server, `dist/` is built. */
const isOneFile = (path: string) => !/[<{*]|\.\.\.|^\/|^dist\//.test(path);

describe('the pages name', () => {
  it.each(PAGES)('only decisions that are written: %s', (page) => {
    const text = read(page);
    const named = [...text.matchAll(/\bADRs? (\d+)(?:(?:,| and) (\d{4})\b)*/g)].flatMap(
      ([all]) => all.match(/\d+/g) ?? [],
    );
    expect(named.filter((number) => !DECISIONS.includes(number.padStart(4, '0')))).toEqual([]);
  });

  it.each(PAGES)('only files and folders that are there: %s', (page) => {
    const { prose, pictures } = pageOf(page);
    const paths = quoted({ prose, pictures }).filter(
      (name) =>
        /^(?:src|test|docs|templates|migrations|bench|nginx|docker|examples)\/\S*$/.test(name) ||
        /^[\w./-]+\.(?:c?ts|mjs|c?js|hbs|sql|conf|ya?ml|toml|css)$/.test(name),
    );
    const drawn = [...pictures.matchAll(/(?<![\w./-])[\w./-]+\.(?:ts|hbs)\b/g)].map(([name]) => name);
    expect([...paths, ...drawn].filter((path) => isOneFile(path) && !isThere(path))).toEqual([]);
  });

  it.each(PAGES)('only classes, and members of them, that are in the code: %s', (page) => {
    const { prose, pictures } = pageOf(page);
    const classes = quoted({ prose, pictures }).filter((name) => /^[A-Z][a-z]\w*(?:\.\w+)?(?:\(.*\))?$/.test(name));
    const drawn = [...pictures.matchAll(/(?<![\w/@])[A-Z][a-z]+(?:[A-Z][a-z]+)+(?:\.[a-z]\w*)?\b(?!\.ts)/g)];
    expect([...classes, ...drawn.map(([name]) => name)].filter((name) => !isInCode(name))).toEqual([]);
  });

  it.each(PAGES)('only functions and decorators that are in the code: %s', (page) => {
    const names = quoted(pageOf(page))
      .map((name) => /^(?:@([A-Z]\w+)|([a-z]\w*))(?:\(\w*\))?$/.exec(name))
      .flatMap((match) => match?.[1] ?? match?.[2]?.match(/^[a-z]+[A-Z]\w*$/)?.[0] ?? []);
    expect(names.filter((name) => !CODE.has(name) && !OF_OTHERS.has(name))).toEqual([]);
  });
});

describe('the index of the decisions', () => {
  it('lists each once, in their order', () => {
    const listed = [...read('docs/adr/README.md').matchAll(/^- \[(\d{4})\]\(\1-[\w-]+\.md\)/gm)];
    expect(listed.map(([, number]) => number)).toEqual(DECISIONS);
  });
});
