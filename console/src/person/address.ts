import { severalOf } from '../app/search.js';
import { type Kind, KINDS } from './timeline.js';

/** What the address of the page says: `?at=` or `?version=` for the past, `?show=` for the kinds in the timeline. */
export interface PersonSearch {
  /** RFC 3339, in UTC. */
  readonly at?: string | undefined;
  readonly version?: number | undefined;
  readonly show?: readonly Kind[] | undefined;
}

/** A point in the life of a person; undefined for now. */
export type Point = { readonly at: string } | { readonly version: number } | undefined;

/** Reads what is valid; a mistyped part is left out. */
export function readSearch(given: Record<string, unknown>): PersonSearch {
  const at = instant(given['at']);
  const version = at === undefined ? wholeNumber(given['version']) : undefined;
  return { at, version, show: severalOf(given['show'], KINDS) };
}

export function pointOf({ at, version }: PersonSearch): Point {
  if (at !== undefined) return { at };
  return version === undefined ? undefined : { version };
}

/** How the API takes a point: a version, or a time. */
export function pointText(point: Exclude<Point, undefined>): string {
  return 'at' in point ? point.at : String(point.version);
}

function instant(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}T/.test(value)) return undefined;
  const moment = new Date(value);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

function wholeNumber(value: unknown): number | undefined {
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 1 ? number : undefined;
}

/** The value of `<input type="datetime-local">` for a moment: the reader's own clock, to the second. */
export function localInput(moment: Date): string {
  const shifted = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** The moment that such an input names; undefined while it is incomplete. */
export function momentOfInput(value: string): string | undefined {
  const moment = new Date(value);
  return value === '' || Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}
