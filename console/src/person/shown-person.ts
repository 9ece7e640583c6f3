import { createContext, useContext } from 'react';
import type { User } from '../api/schema.js';

/** The person whose page it is, as it was read. */
export interface Shown {
  readonly user: User;
  /** Of that state, for `If-Match`. */
  readonly etag: string;
}

const Context = createContext<Shown | undefined>(undefined);
export const ShownPerson = Context.Provider;

export function useShown(): Shown {
  const shown = useContext(Context);
  if (!shown) throw new Error('useShown() belongs below the page of a person');
  return shown;
}
