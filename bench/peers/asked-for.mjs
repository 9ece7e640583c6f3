import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { URL } from 'node:url';

const KNOWN = readdirSync(join(import.meta.dirname, 'adapters')).map((file) => basename(file, '.mjs'));
const USAGE = `npm run bench:peers -- [<system>...] [--quick] [--target <system>=<base URL>] [--pids <system>=<pid>,...] \\
  [--option <system>.<name>=<value>]
Systems: ${KNOWN.join(', ')}`;

/** What cannot be measured as asked for: its message says what to do, and nobody needs to know where it was thrown. */
export class NotAsAskedFor extends Error {}

/**
 * What the command line asks for.
 * @returns `others`: whom Roster is compared with; `targets`, `pids` and `options` by system
 * @throws NotAsAskedFor
 */
export function askedFor(words) {
  const { values, positionals } = parsed(words);
  const of = (flag) => (values[flag] ?? []).map((word) => pairOf(flag, word));
  const targets = Object.fromEntries(of('target').map(([system, url]) => [known(system), baseUrl(system, url)]));
  const pids = Object.fromEntries(of('pids').map(([system, list]) => [known(system), pidsOf(system, list)]));
  const options = {};
  for (const [name, value] of of('option')) {
    const [, system, option] = /^([^.]*)\.(.+)$/.exec(name) ?? [];
    if (option === undefined) throw new NotAsAskedFor(`--option ${name}: <system>.<name>=<value> is expected`);
    options[known(system)] = { ...options[system], [option]: value };
  }
  for (const system of Object.keys(pids)) {
    if (!(system in targets))
      throw new NotAsAskedFor(`--pids ${system}: only of a --target, as others are started here`);
  }
  const others = [...new Set([...Object.keys(targets), ...positionals.map(known)])].filter((name) => name !== 'roster');
  if (others.length === 0) throw new NotAsAskedFor(`Name a system to compare Roster with.\n${USAGE}`);
  return { others, targets, pids, options };
}

function parsed(words) {
  const many = Object.fromEntries(
    ['target', 'pids', 'option'].map((name) => [name, { type: 'string', multiple: true }]),
  );
  try {
    // `--quick` is read by support/counts.mjs.
    return parseArgs({ args: words, allowPositionals: true, options: { ...many, quick: { type: 'boolean' } } });
  } catch (error) {
    throw new NotAsAskedFor(`${error.message}\n${USAGE}`);
  }
}

function pairOf(flag, word) {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(word) ?? [];
  if (value === undefined) throw new NotAsAskedFor(`--${flag} ${word}: a name, = and a value are expected\n${USAGE}`);
  return [name, value];
}

function known(system) {
  if (!KNOWN.includes(system)) throw new NotAsAskedFor(`${system} is no system that is known here.\n${USAGE}`);
  return system;
}

/** Adapters add paths to it, so it ends without a slash; one that it has itself is kept. */
function baseUrl(system, text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!/^https?:$/.test(url?.protocol ?? '') || url.search || url.hash)
    throw new NotAsAskedFor(`--target ${system}=${text}: a base URL is expected, such as http://localhost:3000`);
  return text.replace(/\/+$/, '');
}

function pidsOf(system, list) {
  return list.split(',').map((text) => {
    try {
      readFileSync(`/proc/${/^\d+$/.test(text) ? text : 'none'}/smaps_rollup`);
    } catch (error) {
      const why =
        error.code === 'EACCES' ? 'belongs to somebody else, whose memory cannot be read' : 'does not run here';
      throw new NotAsAskedFor(`--pids ${system}: process ${text} ${why}`);
    }
    return Number(text);
  });
}
