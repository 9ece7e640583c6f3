import { ROWS } from '../goals.mjs';
import { median, round } from './figures.mjs';

/**
 * One figure of a row of the table.
 * @param id `P1` to `P21`
 * @param figure a name that `ROWS` has for it
 * @param samples one of each round, or a single number
 * @returns with `measured`, the median, and `spread`, the least and the greatest (null of a single number)
 */
export function row(id, figure, samples) {
  const { name, goal, better, unit } = ROWS[id].figures[figure];
  const values = [samples].flat();
  if (values.length === 0 || values.some((value) => !Number.isFinite(value))) {
    throw new Error(`${id} ${figure} was not measured: ${JSON.stringify(samples)}`);
  }
  const digits = unit === 'ratio' ? 3 : 2;
  const measured = round(median(values), digits);
  const spread = values.length === 1 ? null : [round(Math.min(...values), digits), round(Math.max(...values), digits)];
  const verdict = (better === 'more' ? measured >= goal : measured <= goal) ? 'met' : 'missed';
  return { id, figure, name, goal: `${better === 'more' ? '≥' : '≤'} ${goal}`, measured, spread, unit, verdict };
}

/** How much worse a figure is than it was, as a share: 0.2 is a fifth worse, below 0 is better. */
export function worseBy({ id, figure, measured }, before) {
  const { better } = ROWS[id].figures[figure];
  if (measured === before.measured) return 0;
  return better === 'more' ? 1 - measured / before.measured : measured / before.measured - 1;
}
