// Goals P8 and P9: the list of users far down and among a million, beside its first page and ten thousand; and the search among a million.
import { performance } from 'node:perf_hooks';
import { barChart } from './support/bars.mjs';
import { count, QUICK, ROUNDS } from './support/counts.mjs';
import { median, percentile, round } from './support/figures.mjs';
import { groundOfSize } from './support/ground-of-size.mjs';
import { call } from './support/load.mjs';
import { row } from './support/rows.mjs';

const USERS = count('BENCH_USERS', 1_000_000, 10_000);
const FEW = QUICK ? 1000 : 10_000;
const DEEP = QUICK ? 90 : 5000;
const LIMIT = 100;
const PAGES = QUICK ? 30 : 100;
const NAMES = QUICK ? 20 : 80;
/** Of one letter and two, parts that many have and that hardly anybody has, two words; names of the list come on top. */
const TERMS = [
  'a',
  'm',
  'x',
  'q',
  'li',
  'sa',
  'zd',
  'qu',
  'mar',
  'son',
  'ann',
  'martin',
  'anna nov',
  'nobodyhasthis',
  'xyz',
];

export async function run() {
  const grounds = [];
  try {
    const few = await groundOfSize(FEW);
    grounds.push(few);
    const many = await groundOfSize(USERS, { greatest: true });
    grounds.push(many);
    return report(await compare(few, many));
  } finally {
    for (const ground of grounds) await ground.stop();
  }
}

async function compare(few, many) {
  const cursor = await walkTo(many, DEEP);
  const terms = [...TERMS, ...(await partsOfNames(many))];
  const queries = { few: [few, ''], first: [many, ''], deep: [many, `&cursor=${cursor}`] };
  const rounds = [];
  for (let index = 0; index <= ROUNDS; index++) {
    const seen = { few: [], first: [], deep: [], search: [] };
    // In turns, request by request.
    for (let page = 0; page < PAGES; page++) {
      for (const [name, [ground, more]] of Object.entries(queries)) seen[name].push((await list(ground, more)).ms);
    }
    for (const term of terms) seen.search.push((await list(many, `&search=${encodeURIComponent(term)}`)).ms);
    // The first one warms up.
    if (index === 0) continue;
    rounds.push({
      ...Object.fromEntries(Object.keys(queries).map((name) => [name, median(seen[name])])),
      searchP50: median(seen.search),
      searchP99: percentile(seen.search, 0.99),
      slowestTerm: terms[seen.search.indexOf(Math.max(...seen.search))],
    });
    console.log(`${index}/${ROUNDS} ${JSON.stringify(rounds.at(-1))}`);
  }
  return { rounds, terms: terms.length };
}

async function list({ server, authorization }, more) {
  const begin = performance.now();
  const { status, text } = await call(`${server.url}/users?limit=${LIMIT}${more}`, { headers: { authorization } });
  const ms = performance.now() - begin;
  if (status !== 200) throw new Error(`A list failed: ${status} ${text}`);
  return { ms, text };
}

/** From page to page, as somebody who reads all of it. @returns the cursor of page `number` */
async function walkTo(ground, number) {
  let cursor = '';
  for (let page = 1; page < number; page++) {
    const { text } = await list(ground, cursor && `&cursor=${cursor}`);
    const { nextCursor } = JSON.parse(text).page;
    if (!nextCursor) throw new Error(`Page ${page} is the last: page ${number} needs ${number * LIMIT} users`);
    cursor = encodeURIComponent(nextCursor);
  }
  return cursor;
}

/** From all over the list, of three letters and more. */
async function partsOfNames(ground) {
  const { text } = await list(ground, '&sort=email');
  const names = JSON.parse(text).items.flatMap(({ firstName, lastName }) => [
    firstName,
    lastName?.slice(0, 4),
    lastName?.slice(1, 5),
  ]);
  return [...new Set(names.filter((name) => name?.length >= 3))].slice(0, NAMES);
}

function report({ rounds, terms }) {
  const each = (of) => rounds.map(of);
  const rows = [
    row(
      'P8',
      'size',
      each(({ few, first }) => first / few),
    ),
    row(
      'P8',
      'depth',
      each(({ first, deep }) => deep / first),
    ),
    row(
      'P9',
      'p99',
      each(({ searchP99 }) => searchP99),
    ),
  ];
  const ms = Object.fromEntries(
    ['few', 'first', 'deep', 'searchP50', 'searchP99'].map((name) => [name, round(median(each((seen) => seen[name])))]),
  );
  const summary =
    `Pages of ${LIMIT}, one request after the other; medians of ${ROUNDS} rounds of ${PAGES} pages and ${terms} searches.\n` +
    `First page of ${FEW} users ${ms.few} ms, of ${USERS} ${ms.first} ms; page ${DEEP} of them ${ms.deep} ms.\n` +
    `Search among ${USERS}: p50 ${ms.searchP50}, p99 ${ms.searchP99} ms.`;
  const chart = barChart('Lists and search', [
    {
      title: `A page of ${LIMIT} users`,
      unit: 'ms',
      bars: [
        { label: `first page of ${FEW}`, value: ms.few },
        { label: `first page of ${USERS}`, value: ms.first },
        { label: `page ${DEEP} of ${USERS}`, value: ms.deep },
      ],
    },
    {
      title: `Search among ${USERS}`,
      unit: 'ms',
      goal: 25,
      bars: [
        { label: 'p50', value: ms.searchP50 },
        { label: 'p99', value: ms.searchP99 },
      ],
    },
  ]);
  const given = { users: USERS, few: FEW, rounds: ROUNDS, pages: PAGES, limit: LIMIT, deep: DEEP, terms };
  return { summary, given, rows, ms, rounds, chart };
}
