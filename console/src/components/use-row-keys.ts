import { type RefCallback, useRef, useState } from 'react';
import { useKeys } from '../keys/keys.js';

interface RowKeys {
  readonly count: number;
  /** Enter. */
  readonly onOpen: (index: number) => void;
  /** x, for tables whose rows can be chosen. */
  readonly onToggle?: (index: number) => void;
  /** For the list of keys. */
  readonly says: { readonly next: string; readonly previous: string; readonly open: string; readonly toggle?: string };
}

/** j and k, or the arrows, go from row to row, Enter opens one. The row has the focus, so screen readers follow. */
export function useRowKeys({ count, onOpen, onToggle, says }: RowKeys) {
  const rows = useRef(new Map<number, HTMLElement>());
  const [current, setCurrent] = useState(0);
  const reached = Math.min(current, Math.max(count - 1, 0));
  const isOn = (): boolean => rows.current.get(reached)?.contains(document.activeElement) === true;
  const go = (index: number): void => {
    if (count === 0) return;
    const next = Math.min(Math.max(index, 0), count - 1);
    setCurrent(next);
    rows.current.get(next)?.focus();
  };
  // The first key leads to where one was, not past it.
  const down = () => go(isOn() ? reached + 1 : reached);
  const up = () => go(isOn() ? reached - 1 : reached);
  useKeys(
    count === 0
      ? []
      : [
          { keys: 'j', does: says.next, run: down },
          { keys: 'k', does: says.previous, run: up },
          { keys: 'Enter', does: says.open, run: () => isOn() && onOpen(reached) },
          ...(onToggle && says.toggle !== undefined
            ? [{ keys: 'x', does: says.toggle, run: () => isOn() && onToggle(reached) }]
            : []),
        ],
  );
  return {
    /** From a field for searching to the first row. */
    focusFirst: () => go(0),
    rowProps: (index: number) => ({
      ref: ((row) => {
        if (row) rows.current.set(index, row);
        else rows.current.delete(index);
      }) satisfies RefCallback<HTMLElement>,
      tabIndex: index === reached ? 0 : -1,
      onFocus: () => setCurrent(index),
      onKeyDown: (event: React.KeyboardEvent) => {
        if (event.target !== event.currentTarget) return;
        if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          event.preventDefault();
          go(index + (event.key === 'ArrowDown' ? 1 : -1));
        }
      },
    }),
  };
}
