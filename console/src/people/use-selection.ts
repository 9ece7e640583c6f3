import { useState } from 'react';
import type { User } from '../api/schema.js';
import { nameOf } from '../person/names.js';

/** As many as the API takes at once. */
export const MOST_SELECTED = 500;

/** What is known of a person who was selected, on whatever page. */
export interface Selected {
  readonly id: string;
  readonly name: string;
  /** The names of the links that the viewer had then: what may be done. */
  readonly may: ReadonlySet<string>;
}

export const selectedOf = (user: User): Selected => ({
  id: user.id,
  name: nameOf(user) ?? user.id,
  may: new Set(Object.keys(user._links)),
});

export interface Selection {
  readonly people: readonly Selected[];
  readonly has: (id: string) => boolean;
  /** @returns how many did not fit */
  readonly add: (users: readonly User[]) => number;
  readonly remove: (ids: readonly string[]) => void;
  readonly clear: () => void;
}

/** People chosen across pages, at most 500 of them. */
export function useSelection(): Selection {
  const [chosen, setChosen] = useState<ReadonlyMap<string, Selected>>(new Map());
  return {
    people: [...chosen.values()],
    has: (id) => chosen.has(id),
    add: (users) => {
      const fresh = users.filter(({ id }) => !chosen.has(id));
      const fitting = fresh.slice(0, MOST_SELECTED - chosen.size);
      setChosen(new Map([...chosen, ...fitting.map((user) => [user.id, selectedOf(user)] as const)]));
      return fresh.length - fitting.length;
    },
    remove: (ids) => setChosen(new Map([...chosen].filter(([id]) => !ids.includes(id)))),
    clear: () => setChosen(new Map()),
  };
}
