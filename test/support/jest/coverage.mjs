// What of src ran, in the form that Node writes for NODE_V8_COVERAGE and c8 reads, but without packages: with them, a run of
// `npm test` would leave gigabytes. Workers of Jest write after each test file, since Jest may kill them; processes that tests start
// write when they exit (child-coverage.mjs).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { URL } from 'node:url';
import { mergeProcessCovs } from '@bcoe/v8-coverage';

/** The folder that takes the files; undefined where nobody measures. */
const FOLDER = process.env.ROSTER_COVERAGE;
const ROOT = new URL('../../../', import.meta.url).href;
const isOurs = ({ url }) => url.startsWith(`${ROOT}src/`) || url.startsWith(`${ROOT}dist/`);

/** Of modules that were compiled when they were loaded: how they lead to the text. */
const sourceMaps = {};
let session;
let sum = { result: [] };

/** Counts from now on, in this process; does nothing where nobody measures, or it counts already. */
export function startCoverage() {
  if (!FOLDER || session) return;
  session = new Session();
  session.connect();
  post('Profiler.enable');
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
}

/** @param code as it was loaded under the URL, compiled, with the file of its source map */
export function noteCompiled(url, code, mapFile) {
  if (!FOLDER || !isOurs({ url })) return;
  const data = JSON.parse(readFileSync(mapFile, 'utf8'));
  sourceMaps[url] = { lineLengths: code.split('\n').map(({ length }) => length), data };
}

/** Writes what was counted so far. */
export function writeCoverage() {
  if (!session) return;
  // Taking it sets the counts to zero.
  const taken = post('Profiler.takePreciseCoverage').result.filter(isOurs);
  sum = mergeProcessCovs([sum, { result: taken }]);
  mkdirSync(FOLDER, { recursive: true });
  const text = JSON.stringify({ ...sum, 'source-map-cache': sourceMaps });
  writeFileSync(join(FOLDER, `coverage-${process.pid}.json`), text);
}

/** A session within the same thread answers at once. */
function post(method, parameters) {
  let answer;
  session.post(method, parameters, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  return answer;
}

/** What a process that a test starts is given, so that it counts too. */
export const COVERAGE_OF_CHILDREN = FOLDER
  ? { ROSTER_COVERAGE: FOLDER, NODE_OPTIONS: `--import=${new URL('child-coverage.mjs', import.meta.url).href}` }
  : {};
